// Loopback ports. Workers of an instance share theirs, and the system lets any program of the same user join in; so a
// port is taken only after a listener that does not share has shown that nobody else is on it.
import { createServer } from 'node:net';

/** @param port 0 for any @returns the port if it is free, else undefined */
export function probePort(port: number, host = '127.0.0.1'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
