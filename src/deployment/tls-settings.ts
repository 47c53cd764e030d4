// Reads what a configuration says of TLS besides the certificates: the least version, and who must show a certificate.
import { matching, oneOf, record } from '../formats/shape.ts';

export const readFilePath = matching(/^\/[^\0\r\n]{1,4095}$/, 'the absolute path of a file');
export const TLS_SETTINGS = {
  /** Absent: 1.3. */
  minVersion: oneOf('TLSv1.2', 'TLSv1.3'),
  /** PEM file of the authorities of client certificates; absent: clients need none. */
  clientAuthorities: readFilePath,
} as const;

export const readTlsSettings = record({}, TLS_SETTINGS);
export type TlsSettings = ReturnType<typeof readTlsSettings>;
