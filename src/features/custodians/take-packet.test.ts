// What was signed for a lost HSM says nothing of the one that took its domain over; what custodians sign now names them.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeCertificate } from '../../../test/support/rsa-certificate.ts';
import { type CustodianPacket, makePacket, readPacket } from '../../formats/custodian-packet.ts';
import type { PacketContent } from '../../formats/custodian-statement.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';
import { ServiceError } from '../../http/service-error.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { DomainSplit } from '../part.ts';
import { planSplit } from './follow-split.ts';
import { marginOf } from './recovery-margin.ts';
import { CustodianRegister } from './register.ts';
import { digestOf } from './split.ts';
import { planPacket } from './take-packet.ts';

const anna = await makeCertificate();
const certificate = new X509Certificate(anna.pem);
const ANNA = createHash('sha256').update(certificate.raw).digest('base64url');
const BORIS = 'b'.repeat(42).concat('A');
const proof = proofOfShare(Buffer.from('the share of Anna'));
const document = JSON.stringify({
  EncData: { data: [{ compact_jwe: 'a.b.c.d.e', tag: 't' }], kdf: 'sp108_kdf' },
  SharedKeys: {
    enc_shares: [ANNA, BORIS].map((x5t_256) => ({ enc_key: 'a.b.c.d.e', x5t_256, proof_hash: proofHash(proof) })),
    key_algorithm: 'shamir_share',
    required: 2,
  },
  version: 2,
});
const NOW = Date.parse('2026-06-01T12:00:00Z') / 1000;
const MINUTE = 60;

function at(seconds: number): Date {
  return new Date((NOW + seconds) * 1000);
}

/** @param seen nothing, as a restore blob leaves it */
function registerAfter(by: DomainSplit['by'], seen: { readonly document?: string } = { document }): CustodianRegister {
  const register = new CustodianRegister();
  const split = { by, required: 2, thumbprints: [ANNA, BORIS], ...seen };
  for (const change of planSplit(register, split, at(0).toISOString())) feeding(register.follows)(change);
  return register;
}

function says(content: PacketContent, seconds: number): CustodianPacket {
  return readPacket(makePacket(content, certificate.raw, createPrivateKey(anna.key), at(seconds)));
}

function acknowledgedOn(seconds: number): CustodianPacket {
  const domain = digestOf(document);
  return says({ purpose: 'acknowledge', domain, proof: proof.toString('base64url') }, seconds);
}

function take(register: CustodianRegister, packet: CustodianPacket): void {
  for (const change of planPacket(register, packet, NOW + MINUTE)) feeding(register.follows)(change);
}

function refusal(innerCode: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ServiceError && error.innerCode === innerCode && message.test(error.message);
}

test('after a recovery a proof from before it is refused with both dates, and counts for nothing', () => {
  const register = registerAfter('recovery');
  for (const seconds of [-86_400 * 30, -6 * MINUTE]) {
    assert.throws(
      () => take(register, acknowledgedOn(seconds)),
      refusal(
        'SignedBefore',
        /signed on 2026-0\d-\S+Z, before .*\(2026-06-01T12:00:00\.000Z\).*signs again now \('\.\/strongroom custodian acknowledge FILE --key KEY\.pem'\)/,
      ),
    );
  }
  assert.equal(register.get(ANNA)?.proven, undefined);
  assert.equal(marginOf(register, NOW)?.reachable, 0);
});

test('a custodian whose clock is some minutes slow is heard, and the register has the date that they signed', () => {
  const register = registerAfter('recovery');
  take(register, acknowledgedOn(-4 * MINUTE));
  assert.equal(register.get(ANNA)?.proven?.at, at(-4 * MINUTE).toISOString());
  assert.equal(marginOf(register, NOW)?.reachable, 1);
});

test('a file that the HSM has written itself is younger than every proof of it, whatever a clock says', () => {
  const register = registerAfter('download');
  take(register, acknowledgedOn(-86_400));
  assert.equal(register.get(ANNA)?.proven?.domain, digestOf(document));
});

test('a custodian of a recovered HSM has the name of their certificate from their first packet on', () => {
  const register = registerAfter('recovery');
  assert.equal(register.get(ANNA)?.subject, undefined);
  take(register, acknowledgedOn(0));
  const subject = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  assert.ok(subject !== undefined);
  assert.equal(register.get(ANNA)?.subject, subject);
  // Sent once more it changes nothing.
  assert.deepEqual(planPacket(register, acknowledgedOn(0), NOW), []);
});

test('where the HSM has not seen the domain file, it says what to do', () => {
  const register = registerAfter('recovery', {});
  assert.throws(
    () => take(register, acknowledgedOn(0)),
    refusal('OtherDomain', /has not seen .*same custodians.*security-domain download.*acknowledge/),
  );
});
