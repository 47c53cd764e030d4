// Runs a program of this checkout on the Node release that it is pinned to, whatever Node started this file (20 or
// newer): `node scripts/run.mjs [node flags] FILE [arguments]`. Installs what is missing first. Plain JavaScript,
// because nothing is installed yet when it runs.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './run/install.mjs';
import { InstallError, Interrupted } from './run/installer.mjs';
import { launch } from './run/launch.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const words = process.argv.slice(2);
const at = words.findIndex((word) => !word.startsWith('-'));
if (at === -1) {
  console.error('usage: node scripts/run.mjs [node flags] FILE [arguments]');
  process.exitCode = 2;
} else {
  try {
    // What runs the service needs no tools: those come with the first check, test or bench.
    const node = await ensureInstalled(root, words[at].startsWith('src/') ? 'runtime' : 'all');
    await launch(node, [...words.slice(0, at), resolve(root, words[at]), ...words.slice(at + 1)]);
  } catch (error) {
    if (error instanceof Interrupted) process.kill(process.pid, error.signal);
    else if (error instanceof InstallError) {
      console.error(`strongroom: ${error.message}`);
      process.exitCode = 1;
    } else throw error;
  }
}
