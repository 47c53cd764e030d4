// What a ceremony is told of the state in use, by a worker that is not believed.
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, askCeremony, askServing, newFolder, openCeremony, openModule, tell } from './key-module.fixture.ts';

const custodians = await Promise.all([...'abc'].map((name) => makeCustodian(name)));
const quorum = { certificates: custodians.map(({ certificate }) => certificate), required: 2 };
const refused = (message: RegExp) => ({ code: 'StateRefused', message });

async function provisioned(folder: string, instanceId: string) {
  const module = openModule(folder);
  await ask(module, 'provision', { instanceId, instanceName: 'dev' });
  return module;
}

test('a ceremony that was told nothing of the state in use changes nothing', async () => {
  const folder = newFolder();
  await using _module = await provisioned(folder, 'i-1');
  await using ceremony = openCeremony(folder);
  await assert.rejects(askCeremony(ceremony, 'downloadSecurityDomain', quorum), refused(/was not told which state/));
});

test('what another instance says of its state is refused', async () => {
  const folder = newFolder();
  await using _module = await provisioned(folder, 'i-1');
  await using other = await provisioned(newFolder(), 'i-2');
  await using ceremony = openCeremony(folder);
  const note = await askServing(other, 'stateInUse', {});
  await assert.rejects(askCeremony(ceremony, 'noteState', note), refused(/of another instance/));
});

test('with what was in use once and its files put back a ceremony makes a state that nothing that is open follows', async () => {
  const folder = newFolder();
  await using module = await provisioned(folder, 'i-1');
  const oldNote = await askServing(module, 'stateInUse', {});
  const oldFiles = newFolder();
  cpSync(folder, oldFiles, { recursive: true });
  await ask(module, 'downloadSecurityDomain', quorum);

  rmSync(folder, { recursive: true });
  cpSync(oldFiles, folder, { recursive: true });
  {
    await using told = openCeremony(folder);
    await assert.rejects(tell(module, told), refused(/older files were put back|is another one|not active/));
  }
  await using replayed = openCeremony(folder);
  await askCeremony(replayed, 'noteState', oldNote);
  await askCeremony(replayed, 'downloadSecurityDomain', quorum);
  await assert.rejects(askServing(module, 'reload', {}), refused(/is another one of generation 2/));
  await assert.rejects(askServing(module, 'stateInUse', {}), refused(/is another one of generation 2/));
});
