# SPDX-License-Identifier: Apache-2.0
# What one worker knows: plain structs, made by the trio thread, from then on changed by the worker alone until it hands
# them back (see _fastpath.pyx). The trio thread only reads their counters.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from podium.core._levels cimport Loudness
from podium.core._munge cimport Munger
from podium.core._nack cimport LossList
from podium.core._queue cimport Queue
from podium.core._rtcp cimport ReportBlock
from podium.core._store cimport PacketStore
from podium.core._tap cimport TapRing
from podium.core._twcc cimport ArrivalLog
from podium.core._udp cimport Address, Datagram, Receiver, Sender

cdef enum:
    KIND_AUDIO = 0
    KIND_VIDEO = 1
    MAX_REMOTES = 8
    MAX_SOURCES = 64          # of one transport
    MAX_SLOTS = 256
    MAX_SSRCS = 128           # hash places of one transport; a power of two, at most half used
    MAX_STRANGERS = 256       # packets of unknown SSRC that one transport may bring; bounds libsrtp's stream list
    MAX_IDENTIFIER = 32
    MAX_PENDING = 64          # new packets of one source between two flushes
    MAX_AUDIO_SLOTS = 16
    RESENT_MEMORY = 64
    MAX_TAPS = 4              # of one source
    EVENT_DATA = 2048

cdef enum Retired:
    RETIRED_ROOM = 1
    RETIRED_TRANSPORT = 2
    RETIRED_SOURCE = 3
    RETIRED_SLOT = 4
    RETIRED_TAP = 5

cdef struct Identifier:       # a MID, RID or ufrag
    uint8_t size
    uint8_t text[32]

cdef struct PayloadType:
    uint8_t codec             # CODEC_NONE: not agreed
    bint rtx
    uint8_t original          # of an RTX payload type
    uint32_t clock_rate

# Named before they are described.
cdef struct Source
cdef struct Slot
cdef struct Transport
cdef struct Room

cdef struct SsrcEntry:
    uint32_t ssrc
    bint rtx
    Source* source            # NULL: free

cdef struct SourceCounters:
    uint64_t packets
    uint64_t bytes
    uint64_t recovered        # came by RTX or out of order after a NACK
    uint64_t duplicates
    uint64_t nacks            # sequence numbers asked for
    uint64_t given_up
    uint64_t plis
    uint64_t key_frames
    int64_t lost              # cumulative, RFC 3550 appendix A.3
    double jitter             # timestamp units

cdef struct Source:
    uint32_t id
    uint32_t csrc
    int kind
    Transport* transport
    Identifier mid
    Identifier rid
    uint32_t ssrc             # 0: not seen yet
    uint32_t rtx_ssrc
    bint nack
    bint pli
    bint blocked
    bint restricted          # only transports that share a group with it may receive it
    uint64_t audience        # groups, one bit each
    bint running
    uint8_t codec
    uint32_t clock_rate
    uint32_t frame_size       # width << 16 | height
    # sequence
    bint started
    int64_t highest           # extended
    int64_t first
    int64_t last_arrival_us
    uint32_t last_timestamp
    int64_t transit           # RFC 3550 appendix A.8
    int64_t reported_expected
    int64_t reported_packets
    LossList losses
    PacketStore store
    # key frames
    int64_t key_frame         # extended sequence of the newest one's first packet; -1: none
    bint key_frame_wanted
    int64_t last_pli_us
    # sender report
    bint has_report
    uint64_t report_ntp
    uint32_t report_rtp
    int64_t report_arrival_us
    # audio
    Loudness loudness
    bint selected
    # viewers: slots that show this source or wait for its key frame
    Slot** viewers
    int viewer_count
    int viewer_capacity
    TapRing* taps[4]
    int tap_count
    # packets stored since the last flush
    int64_t pending[64]
    int pending_count
    bint touched
    SourceCounters counters

cdef struct SlotCounters:
    uint64_t packets
    uint64_t bytes            # payload
    uint64_t retransmitted
    uint64_t nacks
    uint64_t plis
    uint64_t switches
    uint64_t missed           # asked for, no longer stored
    int64_t lost              # as the receiver reports
    double fraction_lost
    double jitter
    double round_trip         # seconds; 0: not known

cdef struct Resent:
    uint16_t sequence
    int64_t at_us

cdef struct Slot:
    uint32_t id
    int kind
    Transport* transport
    Identifier mid
    uint32_t ssrc
    uint32_t rtx_ssrc
    uint8_t payload_types[8]      # by codec; 255: not agreed
    uint8_t rtx_payload_types[8]
    bint paused
    Source* current
    Source* target
    Munger munger
    bint started
    int64_t last_arrival_us   # of the packet last forwarded
    uint32_t last_in_timestamp
    uint16_t rtx_sequence
    Resent resent[64]
    int64_t last_sent_us
    SlotCounters counters

cdef struct Transport:
    uint32_t id
    Room* room
    void* receive_session
    void* send_session
    Address remotes[8]
    int remote_count
    bint has_remote
    Address remote
    uint8_t extension_kinds[256]
    uint8_t extension_ids[8]
    PayloadType payload_types[128]
    Source* sources[64]
    int source_count
    Slot* slots[256]
    int slot_count
    SsrcEntry ssrcs[128]
    int ssrc_count
    int strangers
    uint64_t groups           # whose restricted sources it may receive
    bint feedback             # transport-wide congestion control is agreed
    ArrivalLog arrivals
    int64_t last_received_us  # 0: never
    uint32_t ssrc             # of our reports
    Identifier cname
    bint has_clock
    int64_t clock_offset_us   # server's monotonic time minus the sender's NTP time, at the shortest delay seen
    int64_t round_trip_us
    int64_t next_report_us
    int64_t next_feedback_us

cdef struct Room:
    uint32_t id
    Transport** transports
    int transport_count
    int transport_capacity
    Source** voices
    int voice_count
    int voice_capacity
    Source* speaker
    int64_t speaker_since_us
    int64_t next_selection_us

cdef struct AddressEntry:
    Address address
    Transport* transport      # NULL: free

cdef struct UfragEntry:
    Identifier ufrag
    Transport* transport      # NULL: free
    int64_t window_us
    int seen                  # requests from unknown addresses in this window

cdef struct EventRecord:
    int kind
    uint32_t subject
    uint64_t value
    void* pointer             # of a retired struct
    Address address
    int size
    uint8_t data[2048]

cdef struct WorkerCounters:
    uint64_t datagrams
    uint64_t stun
    uint64_t dtls
    uint64_t rtp
    uint64_t rtcp
    uint64_t dropped_unknown      # not STUN, DTLS or RTP, or from an address that nobody answers for
    uint64_t dropped_malformed
    uint64_t dropped_unauthentic
    uint64_t dropped_unbound      # authentic, but of no agreed stream
    uint64_t dropped_events       # the trio thread did not keep up
    uint64_t batches

cdef struct WorkerState:
    int fd
    int wake_fd
    int event_fd
    bint stopping
    int retiring                  # kind of a struct that waits for room among the events; 0: none
    void* retiring_pointer
    int audio_slots
    Receiver receiver
    Sender sender
    Datagram* datagrams
    Queue commands
    Queue events
    AddressEntry* addresses
    uint32_t address_capacity     # a power of two
    UfragEntry* ufrags
    uint32_t ufrag_capacity
    Transport** transports
    int transport_count
    int transport_capacity
    Room** rooms
    int room_count
    int room_capacity
    Source** touched              # sources with pending packets
    int touched_count
    int touched_capacity          # at least the number of sources
    int source_count
    int64_t now_us
    int64_t next_tick_us
    int64_t clock_to_realtime_us
    bint events_pushed            # the trio thread is yet to be woken for them
    uint32_t random
    WorkerCounters counters
