#!/usr/bin/env bash
# aiortc 1.16.0 (with av 18.1.0), Python 3.11.
#
# Behaviour: for audio, aiortc's receiver holds four packets of 20 ms back, in a buffer of 16. A lost packet stops it while fewer than four
#   stand before the gap; when the buffer is full, it drops the packets before the gap, which did arrive, one by one. So one lost packet
#   costs five, 100 ms of speech, and one in twenty a quarter of the call. Nothing fills the gap: the frames that track.recv() returns
#   are fewer, and only their pts tell. From the first loss on, the track is 14 packets behind for the rest of the call. At the end,
#   what is still in the buffer is never returned: the last 80 ms of a call without losses, 280 ms after a loss. No error, no warning.
# Wrong guess: a lost packet costs its own 20 ms, and what arrived is returned, late at most.
# Seen: "1 lost: 5 missing in the call (46-50)", "5 lost, one in 20: 25 missing", "at the end: the last 4 packets, 14 after a loss".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check aiortc==1.16.0 av==18.1.0
cat > "$work/run.py" <<'PY'
import asyncio
import sys

from aiortc import RTCRtpReceiver
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from aiortc.rtp import RtpPacket

PACKETS = 120  # 2.4 s
CODEC = RTCRtpCodecParameters(mimeType="audio/PCMU", clockRate=8000, channels=1, payloadType=0)


class Transport:
    """Stands in for the DTLS transport, which hands packets to the receiver."""

    state = "connected"

    def _register_rtp_receiver(self, receiver, parameters):
        pass

    def _unregister_rtp_receiver(self, receiver):
        pass

    async def _send_rtp(self, data):
        pass


async def receive(lost):
    """The numbers of the packets whose audio the track returned."""
    receiver = RTCRtpReceiver("audio", Transport())
    receiver._track = track = RemoteStreamTrack(kind="audio")
    await receiver.receive(RTCRtpReceiveParameters(codecs=[CODEC]))
    for number in range(PACKETS):
        if number not in lost:
            packet = RtpPacket(payload_type=0, sequence_number=1000 + number, timestamp=160 * number, ssrc=7, payload=bytes(160))
            await receiver._handle_rtp_packet(packet, arrival_time_ms=20 * number)
    await receiver.stop()
    found = []
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return found
        assert frame.samples == 160
        found.append(frame.pts // 160)


def split(lost):
    """What is missing before the last packet that was returned, and how many at the end."""
    found = asyncio.run(receive(lost))
    return [number for number in range(found[-1]) if number not in found], PACKETS - 1 - found[-1]


whole, whole_end = split(set())
one, one_end = split({50})
twentieth, _ = split({10, 30, 50, 70, 90})
print(f"none lost: {len(whole)} missing in the call")
print(f"1 lost: {len(one)} missing in the call ({one[0]}-{one[-1]})")
print(f"5 lost, one in 20: {len(twentieth)} missing")
print(f"at the end: the last {whole_end} packets, {one_end} after a loss")
sys.exit((whole, whole_end, one, one_end, len(twentieth)) != ([], 4, [46, 47, 48, 49, 50], 14, 25))
PY
"$work/venv/bin/python" "$work/run.py"
