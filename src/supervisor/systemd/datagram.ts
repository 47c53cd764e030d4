// Sends one datagram to a Unix socket, which Node cannot: the one thing that the supervisor binds of the operating system, loaded
// only where systemd has named a socket. Linux alone: its numbers stand here.
import { load } from 'koffi';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x80002;
/** Without waiting, and without a signal where nobody listens any more. */
const FLAGS = 0x4040;
/** `sun_path` of `struct sockaddr_un`. */
const LONGEST_PATH = 108;

const system = load(null);
const socket = system.func('int socket(int domain, int type, int protocol)');
const sendto = system.func(
  'intptr_t sendto(int fd, const uint8_t *bytes, size_t length, int flags, const uint8_t *address, uint32_t addressLength)',
);
const close = system.func('int close(int fd)');

/** @param name absolute path, or `@` and an abstract name @returns false: it was not taken */
export function sendDatagram(name: string, text: string): boolean {
  const address = addressOf(name);
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0) as number;
  if (fd < 0) return false;
  try {
    const bytes = Buffer.from(text);
    return Number(sendto(fd, bytes, bytes.length, FLAGS, address, address.length)) === bytes.length;
  } finally {
    close(fd);
  }
}

/** @throws RangeError when it is neither, or longer than a socket's address has room for */
export function addressOf(name: string): Buffer {
  const isAbstract = name.startsWith('@');
  const path = Buffer.from(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  if (!/^[@/][^\0]/.test(name) || path.length > LONGEST_PATH) throw new RangeError('it names no Unix socket');
  const family = Buffer.alloc(2);
  new Uint16Array(family.buffer, family.byteOffset, 1)[0] = AF_UNIX;
  return Buffer.concat([family, path]);
}
