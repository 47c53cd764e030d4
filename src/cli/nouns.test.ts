import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandsOf } from './command.ts';
import { nouns } from './nouns.ts';
import { optionsOf } from './parse.ts';

const commands = await commandsOf(nouns);

test('every word leads to commands that begin with it, and has a line in the list of all if there are more than one', async () => {
  for (const each of nouns) {
    const own = await commandsOf([each]);
    assert.ok(
      own.every(({ name }) => name === each.noun || name.startsWith(`${each.noun} `)),
      each.noun,
    );
    assert.equal(each.alone, each.summary === undefined ? own[0]?.summary : undefined, each.noun);
    assert.equal(each.summary === undefined, own.length === 1 && own[0]?.name === each.noun, each.noun);
  }
});

test('names are unique, words are lower case, and every option is described', () => {
  assert.equal(new Set(commands.map(({ name }) => name)).size, commands.length);
  for (const { name, options } of commands) {
    assert.match(name, /^[a-z]+( [a-z]+(-[a-z]+)*){0,2}$/);
    for (const { name: option, description } of optionsOf(options)) {
      assert.match(option, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.ok(description.length > 3);
    }
  }
});
