import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKOUT } from './checkout.ts';
import { commands } from './commands.ts';
import { groups } from './groups.ts';
import { helpOf } from './help.ts';

const page = readFileSync(join(CHECKOUT, 'docs/reference/cli.md'), 'utf8');

test('the reference shows the help of every command as the program prints it', () => {
  for (const command of commands) {
    assert.ok(page.includes(`\`\`\`\n${helpOf(command)}\`\`\`\n`), `docs/reference/cli.md: strongroom ${command.name}`);
  }
});

test('every group of commands has a line in the list of all', () => {
  const nouns = commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ', 1)[0]] : []));
  assert.deepEqual(new Set(nouns), new Set(Object.keys(groups)));
});

test('names are unique, words are lower case, and every option is described', () => {
  assert.equal(new Set(commands.map(({ name }) => name)).size, commands.length);
  for (const { name, options } of commands) {
    assert.match(name, /^[a-z]+( [a-z]+(-[a-z]+)*){0,2}$/);
    for (const [option, { description }] of Object.entries(options)) {
      assert.match(option, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.ok(description.length > 3);
    }
  }
});
