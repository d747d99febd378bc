# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len

cdef enum:
    RECEIVE_MESSAGES = 32
    RECEIVE_SIZE = 65536      # UDP_GRO hands over up to 64 KiB of datagrams at once
    SEND_MESSAGES = 256
    SEND_ARENA = 524288
    RUN_SEGMENTS = 16         # bounds the burst that one receiver gets
    RUN_BYTES = 60000         # the kernel wants a run below 64 KiB
    MAX_PACKET = 1500

cdef struct Address:
    uint8_t ip[16]            # IPv4 as ::ffff:a.b.c.d
    uint16_t port             # host order
    uint32_t scope

cdef struct Datagram:
    uint8_t* data
    int size
    int segment_size          # 0: one datagram; otherwise a run of this size, the last one shorter
    Address source
    int64_t arrival_us        # kernel time stamp on the monotonic clock

cdef struct Receiver:
    int fd
    uint8_t* memory
    uint8_t* control
    uint8_t* names
    mmsghdr* messages
    iovec* vectors
    int64_t clock_offset_us   # monotonic minus wall clock, smoothed

cdef struct Sender:
    int fd
    bint ipv6
    bint gso                  # UDP_SEGMENT is there, and was not refused yet
    uint8_t* arena
    int used
    uint8_t* control
    uint8_t* names
    mmsghdr* messages
    iovec* vectors
    int count
    int segments              # in the open run
    int segment_size
    bint run_closed
    Address run_address
    uint64_t sent_packets
    uint64_t sent_bytes
    uint64_t system_calls
    uint64_t dropped_packets

cdef int64_t monotonic_us() noexcept nogil
cdef int64_t realtime_us() noexcept nogil
cdef bint same_address(const Address* a, const Address* b) noexcept nogil
cdef object address_tuple(const Address* address)
cdef int parse_address(object address, Address* out) except -1

cdef int receiver_open(Receiver* receiver, int fd) noexcept nogil
cdef void receiver_close(Receiver* receiver) noexcept nogil
cdef int receive_batch(Receiver* receiver, Datagram* datagrams, int64_t now_us) noexcept nogil

cdef int sender_open(Sender* sender, int fd, bint ipv6, bint gso) noexcept nogil
cdef void sender_close(Sender* sender) noexcept nogil
cdef uint8_t* send_reserve(Sender* sender, int size) noexcept nogil
cdef void send_commit(Sender* sender, const Address* address, int size) noexcept nogil
cdef void send_flush(Sender* sender) noexcept nogil
