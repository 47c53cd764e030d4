import type { Command } from '../command.ts';
import { addCertificate } from './application/certificate/add.ts';
import { listCertificates } from './application/certificate/list.ts';
import { removeCertificate } from './application/certificate/remove.ts';

export const commands: readonly Command[] = [addCertificate, listCertificates, removeCertificate];
