// The extension that keeps the development authority harmless: certificates it issues are refused by clients for any
// name outside this list, so a machine that trusts it trusts it for nothing else (RFC 5280 §4.2.1.10).
import 'reflect-metadata';
import { Extension } from '@peculiar/x509';
import { der, SEQUENCE } from '../../formats/der.ts';

/** Domains (with everything below them) and loopback addresses, all that the dev profile ever answers as. */
export const PERMITTED_DOMAINS = [
  'azure.net',
  'azure.com',
  'microsoftonline.com',
  'microsoft.com',
  'windows.net',
  'localhost',
] as const;
const LOOPBACK = [
  Buffer.from('7f000001ffffffff', 'hex'), // 127.0.0.1/32
  Buffer.from(`${'0'.repeat(31)}1${'f'.repeat(32)}`, 'hex'), // ::1/128
];

const PERMITTED = 0xa0; // [0] permittedSubtrees
const DNS_NAME = 0x82; // [2] dNSName
const IP_ADDRESS = 0x87; // [7] iPAddress

export function nameConstraints(): Extension {
  const subtrees = [
    ...PERMITTED_DOMAINS.map((domain) => der(DNS_NAME, Buffer.from(domain, 'ascii'))),
    ...LOOPBACK.map((range) => der(IP_ADDRESS, range)),
  ].map((base) => der(SEQUENCE, base));
  return new Extension('2.5.29.30', true, new Uint8Array(der(SEQUENCE, der(PERMITTED, ...subtrees))));
}
