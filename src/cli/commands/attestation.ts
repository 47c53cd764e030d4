import type { Command } from '../command.ts';
import { verify as verifyAttestation } from './attestation/verify.ts';

export const commands: readonly Command[] = [verifyAttestation];
