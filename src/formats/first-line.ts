/** Of the bytes of a file, without its line break. A view: whoever overwrites the bytes overwrites it too. */
export function firstLine(bytes: Buffer): Buffer {
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  return end === -1 ? bytes : bytes.subarray(0, end);
}
