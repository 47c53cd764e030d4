// Reads what a configuration says of TLS besides the certificates: the least version, and who must show a certificate.
import { matching, oneOf, type Reader, record } from '../formats/shape.ts';

export interface TlsSettings {
  /** Absent: 1.3. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** PEM file of the authorities of client certificates; absent: clients need none. */
  readonly clientAuthorities?: string;
}

export const readFilePath = matching(/^\/[^\0\r\n]{1,4095}$/, 'the absolute path of a file');
export const TLS_SETTINGS = {
  minVersion: oneOf('TLSv1.2', 'TLSv1.3'),
  clientAuthorities: readFilePath,
} as const;

export const readTlsSettings: Reader<TlsSettings> = record({}, TLS_SETTINGS);
