// A ZIP archive of texts, not compressed. Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.16 and appendix D.

const UTF8_NAMES = 0x0800, VERSION = 20, MADE_ON_UNIX = 3 << 8, REGULAR_FILE = 0o100644;
const MAX_ENTRIES = 0xfffe, MAX_BYTES = 0xfffffffe;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  for (let bit = 0; bit < 8; bit += 1) i = i & 1 ? (i >>> 1) ^ 0xedb88320 : i >>> 1;
  return i;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// Little-endian integers, each as [value, bytes].
function packed(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

// files: [{name, text}], names unique. modified: their time. Returns a Blob.
export function zip(files, modified = new Date()) {
  const encoder = new TextEncoder();
  const time = (modified.getHours() << 11) | (modified.getMinutes() << 5) | (modified.getSeconds() >> 1);
  const date = (Math.max(0, modified.getFullYear() - 1980) << 9) | ((modified.getMonth() + 1) << 5) | modified.getDate();
  const bodies = [], directory = [];
  let at = 0;
  for (const file of files) {
    const name = encoder.encode(file.name), content = encoder.encode(file.text);
    const facts = [[VERSION, 2], [UTF8_NAMES, 2], [0, 2], [time, 2], [date, 2], [crc32(content), 4], [content.length, 4], [content.length, 4], [name.length, 2], [0, 2]];
    bodies.push(packed([0x04034b50, 4], ...facts), name, content);
    directory.push(packed([0x02014b50, 4], [VERSION | MADE_ON_UNIX, 2], ...facts, [0, 2], [0, 2], [0, 2], [REGULAR_FILE * 0x10000, 4], [at, 4]), name);
    at += 30 + name.length + content.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  if (files.length > MAX_ENTRIES || at + size > MAX_BYTES) throw new RangeError("too much for one archive without ZIP64");
  const end = packed([0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [size, 4], [at, 4], [0, 2]);
  return new Blob([...bodies, ...directory, end], { type: "application/zip" });
}
