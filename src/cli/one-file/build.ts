// Bundles a program into one readable JavaScript file. The same checkout gives the same bytes, so that whoever gets the file can
// compare its SHA-256 with one they made themselves.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { writeNewFile } from '../../tools/custodian/files.ts';
import { CHECKOUT } from '../checkout.ts';
import type { Answer } from '../command.ts';

export interface OneFile {
  /** Below the checkout. */
  readonly entry: string;
  /** Says of the file what it is and how it is called: `Strongroom custodian tool`, `node strongroom-custodian.mjs`. */
  readonly title: string;
  readonly call: string;
  /** A sentence: for what. */
  readonly about: string;
  /** The oldest release that it runs on. */
  readonly node: string;
}

export async function buildOneFile({ entry, title, call, about, node }: OneFile): Promise<string> {
  const { version } = JSON.parse(await readFile(join(CHECKOUT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const header = `#!/usr/bin/env node
// ${title} ${version}. ${about}: ${call} --help
// One file, for Node ${node} or newer; no network, no other file. Compare its SHA-256 with the one you were told before you run it.
// Apache License 2.0.
`;
  const { outputFiles } = await build({
    absWorkingDir: CHECKOUT,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: header },
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

/** Never replaces a file. */
export async function writeOneFile(out: string, program: OneFile): Promise<Answer> {
  const text = await buildOneFile(program);
  await writeNewFile(out, text, 0o755);
  const sha256 = createHash('sha256').update(text, 'utf8').digest('hex');
  return { json: { file: out, sha256 }, text: `${sha256}  ${out}\n` };
}
