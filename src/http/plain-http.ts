// `node:http`, and not as an import: that reads every member of it, and with the one named WebSocket Node loads its own client, 45 ms of
// processor time and 4 MiB in each process, for nothing.
export const http: typeof import('node:http') = process.getBuiltinModule('node:http');
