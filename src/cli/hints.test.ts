// A command that a message sends people to is one that they can type: `./strongroom …`, from one place.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownCommand } from '../formats/own-command.ts';
import { CHECKOUT } from './checkout.ts';
import { commandsOf } from './command.ts';
import { nouns } from './nouns.ts';

const NAMES = (await commandsOf(nouns)).map(({ name }) => name).join('|');
/** Two markers in files begin with such words: a report's carrier and the maker of a wrapped key. */
const BARE = new RegExp(`(?<![\\w./-])strongroom (${NAMES})\\b(?!;| ')`);
/** Of a help text: it calls the program by its name, as its usage line does. */
const OF_HELP = [/^ {2,4}examples: \[[\s\S]*?\],$/gm, /^ {2,4}(details|summary):[\s\S]*?,$(?=\n {2,4}[\w.])/gm];

function hintsIn(text: string): readonly string[] {
  const rest = OF_HELP.reduce((before, part) => before.replaceAll(part, ''), text);
  return rest.split('\n').filter((line) => !/^\s*(\/\/|\/?\*)/.test(line) && BARE.test(line));
}

test('no message names a command as if the program were on the PATH', () => {
  const files = globSync('src/**/*.ts', { cwd: CHECKOUT }).filter((file) => !file.endsWith('.test.ts'));
  assert.ok(files.length > 500);
  const found = files.flatMap((file) => hintsIn(readFileSync(join(CHECKOUT, file), 'utf8')).map((line) => file + line));
  assert.deepEqual(found, []);
});

test('what it looks for is found', () => {
  assert.equal(hintsIn('throw new CommandError(`it runs: strongroom instance stop ${name}`);').length, 1);
  assert.equal(
    hintsIn("  'see strongroom status';\n  // strongroom status\n  examples: ['strongroom status'],\n").length,
    1,
  );
  assert.equal(hintsIn(`'${ownCommand('status')}'`).length, 0);
});
