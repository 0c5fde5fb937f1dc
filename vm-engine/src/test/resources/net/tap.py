# SPDX-License-Identifier: GPL-3.0-or-later
# A network card of a namespace of its own: frames come and go on standard input and output, each behind its length (four bytes,
# little-endian) and a virtio_net_hdr of ten bytes. With "offload" Linux sends and takes frames that are not finished.
import fcntl, os, struct, sys, threading

TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
CSUM, TSO4 = 1, 2
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", b"tap0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", 10))
if "offload" in sys.argv:
    fcntl.ioctl(tap, TUNSETOFFLOAD, CSUM | TSO4)
up = os.system("ip link set lo up && ip link set tap0 address 52:54:00:12:34:56 up")
if "probe" in sys.argv:
    os._exit(1 if up else 0)
sys.stderr.write("ready\n")
sys.stderr.flush()


def outwards():
    out = sys.stdout.buffer
    while True:
        frame = os.read(tap, 70000)
        out.write(struct.pack("<I", len(frame)) + frame)
        out.flush()


threading.Thread(target=outwards, daemon=True).start()
source = sys.stdin.buffer
while True:
    head = source.read(4)
    if len(head) < 4:
        break
    frame = source.read(struct.unpack("<I", head)[0])
    try:
        os.write(tap, frame)
    except OSError:
        pass
os._exit(0)
