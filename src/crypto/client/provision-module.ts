// Gives a blank module its instance, once.
import type { CryptoClient } from './crypto-client.ts';

/**
 * Only the first worker of a new instance finds a blank module. Where there are records or a log of them, the module has
 * lost its state: new root keys would open none of it, and hide that the old ones are missing.
 */
export async function provisionModule(
  crypto: CryptoClient,
  { id, name }: { readonly id: string; readonly name: string },
  isNew: () => Promise<boolean>,
): Promise<void> {
  if (crypto.hello.state === 'blank') {
    if (!(await isNew())) throw new Error('the module has no state, but store or log have records of this instance');
    await crypto.ceremony('provision', { instanceId: id, instanceName: name });
  }
  if (crypto.hello.instanceId !== id) {
    throw new Error(`the module's state belongs to instance ${crypto.hello.instanceId}, not to ${id}`);
  }
}
