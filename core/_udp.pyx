# SPDX-License-Identifier: Apache-2.0
"""Batched UDP: many datagrams per system call in both directions.

Receiving uses recvmmsg(2) with UDP_GRO and the kernel's arrival times. Sending lays packets side by side in one arena
and lets neighbours of equal size to the same address leave as one UDP_SEGMENT run (the last one may be shorter);
one sendmmsg(2) takes all runs. A kernel without UDP_SEGMENT gets plain messages. Nothing here allocates after opening.
"""

import ipaddress

from libc.errno cimport EAGAIN, EINTR, EINVAL, EIO, EMSGSIZE, ENOBUFS, EOPNOTSUPP, errno
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy, memset

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <sys/socket.h>
    #include <netinet/in.h>
    #include <netinet/udp.h>
    #include <arpa/inet.h>
    #include <poll.h>
    #include <time.h>
    #ifndef UDP_SEGMENT
    #define UDP_SEGMENT 103
    #endif
    #ifndef UDP_GRO
    #define UDP_GRO 104
    #endif
    #ifndef SOL_UDP
    #define SOL_UDP 17
    #endif
    #define PODIUM_CONTROL 128
    #define PODIUM_NAME sizeof(struct sockaddr_in6)

    static int64_t podium_clock(clockid_t clock) {
        struct timespec t;
        clock_gettime(clock, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    }

    /* The UDP_GRO segment size and the SO_TIMESTAMPNS time of a received message; 0 where absent. */
    static void podium_read_control(struct msghdr* message, int* segment_size, int64_t* realtime) {
        struct cmsghdr* c;
        *segment_size = 0;
        *realtime = 0;
        for (c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
            if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
                int size;
                memcpy(&size, CMSG_DATA(c), sizeof size);
                *segment_size = size;
            } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                struct timespec t;
                memcpy(&t, CMSG_DATA(c), sizeof t);
                *realtime = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
            }
        }
    }

    static void podium_set_segment(struct msghdr* message, uint8_t* control, uint16_t segment_size) {
        struct cmsghdr* c;
        message->msg_control = control;
        message->msg_controllen = CMSG_SPACE(sizeof(uint16_t));
        c = CMSG_FIRSTHDR(message);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        memcpy(CMSG_DATA(c), &segment_size, sizeof segment_size);
    }

    static void podium_read_name(const void* name, uint8_t ip[16], uint16_t* port, uint32_t* scope) {
        const struct sockaddr_in6* six = name;
        const struct sockaddr_in* four = name;
        if (six->sin6_family == AF_INET6) {
            memcpy(ip, &six->sin6_addr, 16);
            *port = ntohs(six->sin6_port);
            *scope = six->sin6_scope_id;
        } else {
            memset(ip, 0, 10);
            memset(ip + 10, 0xff, 2);
            memcpy(ip + 12, &four->sin_addr, 4);
            *port = ntohs(four->sin_port);
            *scope = 0;
        }
    }

    static unsigned podium_write_name(void* name, int ipv6, const uint8_t ip[16], uint16_t port, uint32_t scope) {
        if (ipv6) {
            struct sockaddr_in6* six = name;
            memset(six, 0, sizeof *six);
            six->sin6_family = AF_INET6;
            memcpy(&six->sin6_addr, ip, 16);
            six->sin6_port = htons(port);
            six->sin6_scope_id = scope;
            return sizeof *six;
        } else {
            struct sockaddr_in* four = name;
            memset(four, 0, sizeof *four);
            four->sin_family = AF_INET;
            memcpy(&four->sin_addr, ip + 12, 4);
            four->sin_port = htons(port);
            return sizeof *four;
        }
    }

    static int podium_wait_writable(int fd, int milliseconds) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        return poll(&p, 1, milliseconds);
    }
    """
    ctypedef int clockid_t
    clockid_t CLOCK_MONOTONIC, CLOCK_REALTIME
    int MSG_DONTWAIT
    int PODIUM_CONTROL, PODIUM_NAME
    int64_t podium_clock(clockid_t clock) noexcept nogil
    void podium_read_control(msghdr* message, int* segment_size, int64_t* realtime) noexcept nogil
    void podium_set_segment(msghdr* message, uint8_t* control, uint16_t segment_size) noexcept nogil
    void podium_read_name(const void* name, uint8_t* ip, uint16_t* port, uint32_t* scope) noexcept nogil
    unsigned podium_write_name(void* name, int ipv6, const uint8_t* ip, uint16_t port, uint32_t scope) noexcept nogil
    int podium_wait_writable(int fd, int milliseconds) noexcept nogil
    int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, void* timeout) noexcept nogil
    int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) noexcept nogil


cdef int64_t monotonic_us() noexcept nogil:
    return podium_clock(CLOCK_MONOTONIC)


cdef int64_t realtime_us() noexcept nogil:
    return podium_clock(CLOCK_REALTIME)


cdef bint same_address(const Address* a, const Address* b) noexcept nogil:
    return a.port == b.port and memcmp(a.ip, b.ip, 16) == 0


cdef object address_tuple(const Address* address):
    """(host, port) with IPv4 in its usual form and the scope of a link-local address behind a percent sign."""
    ip = ipaddress.IPv6Address((<const char*>address.ip)[:16])
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped), address.port
    return (f"{ip}%{address.scope}" if address.scope else str(ip)), address.port


cdef int parse_address(object address, Address* out) except -1:
    host, port = address
    host, _, scope = host.partition("%")
    ip = ipaddress.ip_address(host)
    packed = ip.packed if ip.version == 6 else b"\0" * 10 + b"\xff\xff" + ip.packed
    memcpy(out.ip, <const char*>packed, 16)
    out.port = port
    out.scope = int(scope) if scope else 0
    return 0


# -- receiving


cdef int receiver_open(Receiver* receiver, int fd) noexcept nogil:
    """Allocate the buffers of one batch; -1 when there is no memory."""
    cdef int i
    receiver.fd = fd
    receiver.memory = <uint8_t*>calloc(RECEIVE_MESSAGES, RECEIVE_SIZE)
    receiver.control = <uint8_t*>calloc(RECEIVE_MESSAGES, PODIUM_CONTROL)
    receiver.names = <uint8_t*>calloc(RECEIVE_MESSAGES, PODIUM_NAME)
    receiver.messages = <mmsghdr*>calloc(RECEIVE_MESSAGES, sizeof(mmsghdr))
    receiver.vectors = <iovec*>calloc(RECEIVE_MESSAGES, sizeof(iovec))
    if (
        receiver.memory == NULL or receiver.control == NULL or receiver.names == NULL
        or receiver.messages == NULL or receiver.vectors == NULL
    ):
        return -1
    for i in range(RECEIVE_MESSAGES):
        receiver.vectors[i].iov_base = receiver.memory + i * RECEIVE_SIZE
        receiver.vectors[i].iov_len = RECEIVE_SIZE
        receiver.messages[i].msg_hdr.msg_iov = &receiver.vectors[i]
        receiver.messages[i].msg_hdr.msg_iovlen = 1
        receiver.messages[i].msg_hdr.msg_name = receiver.names + i * PODIUM_NAME
    return 0


cdef void receiver_close(Receiver* receiver) noexcept nogil:
    free(receiver.memory)
    free(receiver.control)
    free(receiver.names)
    free(receiver.messages)
    free(receiver.vectors)
    memset(receiver, 0, sizeof(Receiver))


cdef int64_t clock_offset(Receiver* receiver) noexcept nogil:
    """From the wall clock, on which the kernel stamps, to the monotonic one.

    A measurement that was interrupted is not used; small differences are smoothed, so that times keep rising.
    """
    cdef int64_t before = monotonic_us()
    cdef int64_t wall = realtime_us()
    cdef int64_t after = monotonic_us()
    cdef int64_t difference = before - wall - receiver.clock_offset_us
    if receiver.clock_offset_us == 0 or difference > 100000 or difference < -100000:
        receiver.clock_offset_us = before - wall
    elif after - before < 20:
        receiver.clock_offset_us += difference // 16
    return receiver.clock_offset_us


cdef int receive_batch(Receiver* receiver, Datagram* datagrams, int64_t now_us) noexcept nogil:
    """What waits at the socket, at most RECEIVE_MESSAGES entries; 0 when nothing does."""
    cdef int i, count
    cdef int64_t realtime, offset
    cdef msghdr* header
    for i in range(RECEIVE_MESSAGES):
        header = &receiver.messages[i].msg_hdr
        header.msg_namelen = PODIUM_NAME
        header.msg_control = receiver.control + i * PODIUM_CONTROL
        header.msg_controllen = PODIUM_CONTROL
    count = recvmmsg(receiver.fd, receiver.messages, RECEIVE_MESSAGES, MSG_DONTWAIT, NULL)
    if count <= 0:
        return 0
    offset = clock_offset(receiver)
    for i in range(count):
        header = &receiver.messages[i].msg_hdr
        datagrams[i].data = <uint8_t*>receiver.vectors[i].iov_base
        datagrams[i].size = <int>receiver.messages[i].msg_len
        podium_read_control(header, &datagrams[i].segment_size, &realtime)
        podium_read_name(header.msg_name, datagrams[i].source.ip, &datagrams[i].source.port, &datagrams[i].source.scope)
        # A stamp from before a step of the wall clock is of no use.
        datagrams[i].arrival_us = realtime + offset
        if datagrams[i].arrival_us > now_us or datagrams[i].arrival_us < now_us - 1000000:
            datagrams[i].arrival_us = now_us
    return count


# -- sending


cdef int sender_open(Sender* sender, int fd, bint ipv6, bint gso) noexcept nogil:
    """Allocate the arena and the message headers; -1 when there is no memory."""
    memset(sender, 0, sizeof(Sender))
    sender.fd = fd
    sender.ipv6 = ipv6
    sender.gso = gso
    sender.arena = <uint8_t*>calloc(1, SEND_ARENA)
    sender.control = <uint8_t*>calloc(SEND_MESSAGES, PODIUM_CONTROL)
    sender.names = <uint8_t*>calloc(SEND_MESSAGES, PODIUM_NAME)
    sender.messages = <mmsghdr*>calloc(SEND_MESSAGES, sizeof(mmsghdr))
    sender.vectors = <iovec*>calloc(SEND_MESSAGES, sizeof(iovec))
    if (
        sender.arena == NULL or sender.control == NULL or sender.names == NULL
        or sender.messages == NULL or sender.vectors == NULL
    ):
        return -1
    return 0


cdef void sender_close(Sender* sender) noexcept nogil:
    free(sender.arena)
    free(sender.control)
    free(sender.names)
    free(sender.messages)
    free(sender.vectors)
    memset(sender, 0, sizeof(Sender))


cdef uint8_t* send_reserve(Sender* sender, int size) noexcept nogil:
    """Room for one packet of at most `size` bytes; what was gathered so far leaves first when there is none."""
    if sender.used + size > SEND_ARENA or sender.count >= SEND_MESSAGES:
        send_flush(sender)
    return sender.arena + sender.used


cdef void send_commit(Sender* sender, const Address* address, int size) noexcept nogil:
    """The packet written at `send_reserve` goes to `address`: in the open run when it fits there."""
    cdef mmsghdr* message
    if (
        sender.count > 0 and not sender.run_closed and sender.gso
        and sender.segments < RUN_SEGMENTS and size <= sender.segment_size
        and sender.vectors[sender.count - 1].iov_len + size <= RUN_BYTES
        and same_address(&sender.run_address, address)
    ):
        sender.vectors[sender.count - 1].iov_len += size
        sender.segments += 1
        sender.run_closed = size < sender.segment_size
        if sender.segments == 2:
            podium_set_segment(
                &sender.messages[sender.count - 1].msg_hdr,
                sender.control + (sender.count - 1) * PODIUM_CONTROL,
                <uint16_t>sender.segment_size,
            )
    else:
        message = &sender.messages[sender.count]
        memset(message, 0, sizeof(mmsghdr))
        message.msg_hdr.msg_name = sender.names + sender.count * PODIUM_NAME
        message.msg_hdr.msg_namelen = podium_write_name(
            message.msg_hdr.msg_name, sender.ipv6, address.ip, address.port, address.scope
        )
        sender.vectors[sender.count].iov_base = sender.arena + sender.used
        sender.vectors[sender.count].iov_len = size
        message.msg_hdr.msg_iov = &sender.vectors[sender.count]
        message.msg_hdr.msg_iovlen = 1
        sender.count += 1
        sender.segments = 1
        sender.segment_size = size
        sender.run_closed = False
        memcpy(&sender.run_address, address, sizeof(Address))
    sender.used += size
    sender.sent_packets += 1
    sender.sent_bytes += size


cdef void send_flush(Sender* sender) noexcept nogil:
    """Hand everything gathered to the kernel; what it will not take within a millisecond is dropped and counted."""
    cdef int sent = 0, result
    cdef bint waited = False
    while sent < sender.count:
        result = sendmmsg(sender.fd, sender.messages + sent, sender.count - sent, MSG_DONTWAIT)
        sender.system_calls += 1
        if result > 0:
            sent += result
            continue
        if errno == EINTR:
            continue
        if (errno == EAGAIN or errno == ENOBUFS) and not waited:
            waited = True
            podium_wait_writable(sender.fd, 1)
            continue
        if errno == EAGAIN or errno == ENOBUFS:
            drop_messages(sender, sent, sender.count)
            break
        if sender.messages[sent].msg_hdr.msg_controllen != 0:
            # EINVAL, EMSGSIZE: a segment is larger than the path takes. EIO, EOPNOTSUPP: no segmentation here at all.
            if errno == EIO or errno == EOPNOTSUPP:
                sender.gso = False
            send_single(sender, sent)
        else:
            drop_messages(sender, sent, sent + 1)
        sent += 1
    sender.count = 0
    sender.used = 0


cdef void send_single(Sender* sender, int index) noexcept nogil:
    """Send the packets of one run one by one."""
    cdef msghdr* header = &sender.messages[index].msg_hdr
    cdef uint8_t* data = <uint8_t*>sender.vectors[index].iov_base
    cdef int left = <int>sender.vectors[index].iov_len
    cdef int segment = segment_size_of(header)
    cdef iovec vector
    cdef mmsghdr message
    memset(&message, 0, sizeof(mmsghdr))
    message.msg_hdr.msg_name = header.msg_name
    message.msg_hdr.msg_namelen = header.msg_namelen
    message.msg_hdr.msg_iov = &vector
    message.msg_hdr.msg_iovlen = 1
    while left > 0:
        vector.iov_base = data
        vector.iov_len = min(segment, left)
        sender.system_calls += 1
        if sendmmsg(sender.fd, &message, 1, MSG_DONTWAIT) != 1:
            sender.dropped_packets += 1
        data += segment
        left -= segment


cdef int segment_size_of(msghdr* header) noexcept nogil:
    cdef uint16_t size
    # The value of the one control message, behind its 16-byte header.
    memcpy(&size, <uint8_t*>header.msg_control + 16, 2)
    return size


cdef void drop_messages(Sender* sender, int first, int end) noexcept nogil:
    cdef int i
    cdef int size
    for i in range(first, end):
        size = 1
        if sender.messages[i].msg_hdr.msg_controllen != 0:
            size = segment_size_of(&sender.messages[i].msg_hdr)
            size = (<int>sender.vectors[i].iov_len + size - 1) // size
        sender.dropped_packets += size
