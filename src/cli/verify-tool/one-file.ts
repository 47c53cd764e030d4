// The verifier as one file.
import type { OneFile } from '../one-file/build.ts';

export const VERIFY_TOOL: OneFile = {
  entry: 'src/cli/verify-tool/main.ts',
  title: 'Strongroom verifier',
  call: 'node strongroom-verify.mjs',
  about: 'What an auditor proves of an HSM, offline',
  node: '20.15',
};
