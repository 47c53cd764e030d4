// What a ceremony's process answers.
import type { MessageBy } from '../../crypto/protocol/messages.ts';
import { type Dispatch, dispatcher, type Handlers } from '../dispatch.ts';
import { download, replaceCustodians, transferKey, upload } from './ceremonies.ts';
import type { CeremonyModule } from './ceremony-module.ts';

/** It has no keys in use, and so no engine. */
const NO_ENGINE = { name: '', library: '' } as const;

const handlers: Handlers<CeremonyModule, MessageBy<'ceremony'>> = {
  hello: (module) => module.hello(NO_ENGINE),
  noteState: (module, { sealed }) => module.noteState(sealed),
  provision: (module, { instanceId, instanceName }) => module.provision(instanceId, instanceName),
  renewState: (module) => module.renew(),
  witness: (module, request) => module.witness(request),
  makeIdentity: (module) => module.makeIdentity(),
  downloadSecurityDomain: (module, { certificates, required }) => ({
    document: download(module, certificates, required),
  }),
  transferKey: async (module) => ({ certificate: await transferKey(module) }),
  uploadSecurityDomain: (module, { document }) => upload(module, document),
  replaceCustodians,
  showSeal: ({ seal }) => ({ seal: seal.show() }),
  unlockKey: async ({ seal }) => ({ certificate: await seal.unlockKey() }),
  unlock: ({ seal }, { recipient, secret, packets }) => seal.unlock(recipient, secret, packets),
  unlockFromFile: ({ seal }) => seal.unlockFromFile(),
  recipientKey: (module) => ({ key: module.recipientKey() }),
  handOver: (module, { key }) => ({ sealed: module.handOver(key) }),
  takeOver: (module, { recipient, sealed }) => module.takeOver(recipient, sealed),
  changeSeal: async (module, sealRequest) => {
    // Its buffer is a view of what was read from the pipe, which others are read into while this waits.
    const secret = Buffer.from(sealRequest.secret);
    sealRequest.secret.fill(0);
    try {
      await module.changeSeal({ ...sealRequest, secret });
    } finally {
      secret.fill(0);
    }
  },
};

export const dispatchCeremony: Dispatch<CeremonyModule> = dispatcher(handlers);
