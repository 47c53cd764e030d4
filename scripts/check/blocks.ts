// The comments that say what becomes of the shell blocks of our pages: none means nothing, and what they name is there.
import { PAGE, readPage } from '../../test/docs/blocks.ts';
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

/** Every page's shell blocks are run, or say why not. */
export function* checkBlocks(tree: Tree): Generator<Problem> {
  for (const file of tree.files.filter((name) => PAGE.test(name))) {
    const { steps, wrong } = readPage(tree.text(file));
    for (const each of wrong) yield { file, ...each, fix: 'CONTRIBUTING.md lists the marks' };
    for (const { kind, value, line } of steps) {
      if (kind !== 'run by' || tree.has(value)) continue;
      yield { file, line, what: `is run by ${value}, which does not exist`, fix: 'name the file that runs it now' };
    }
  }
}
