// Bundles the custodian's tool into one readable JavaScript file. The same checkout gives the same bytes, so that whoever
// gets the file can compare its SHA-256 with one they made themselves.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { CHECKOUT } from '../checkout.ts';

const HEADER = (version: string): string => `#!/usr/bin/env node
// Strongroom custodian tool ${version}. What a custodian of a security domain does, offline: node strongroom-custodian.mjs --help
// One file, for Node 20 or newer; no network, no other file. Compare its SHA-256 with the one you were told before you run it.
// Apache License 2.0.
`;

export async function buildCustodianTool(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(CHECKOUT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const { outputFiles } = await build({
    absWorkingDir: CHECKOUT,
    entryPoints: ['src/cli/custodian-tool/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: HEADER(version) },
    define: { STRONGROOM_VERSION: JSON.stringify(version) },
    // What a developer's machine has set must not be in the file.
    tsconfigRaw: {},
    logLevel: 'silent',
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('the bundler wrote nothing');
  return file.text;
}
