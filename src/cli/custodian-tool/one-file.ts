// The custodian's tool as one file.
import type { OneFile } from '../one-file/build.ts';

export const CUSTODIAN_TOOL: OneFile = {
  entry: 'src/cli/custodian-tool/main.ts',
  title: 'Strongroom custodian tool',
  call: 'node strongroom-custodian.mjs',
  about: 'What a custodian of a security domain does, offline',
  node: '20',
};
