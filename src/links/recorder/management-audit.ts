// The management plane's log for those who send entries to it, control and the supervisor.
import type { AuditLog } from './audit-log.ts';
import { startAuditLog } from './open-audit-log.ts';

/** Long enough for a recorder that starts for the first time on a slow machine. */
const APPEND_TIMEOUT = 20_000;

/** Whether or not the recorder runs yet. */
export function openManagementAudit(socketPath: string): AuditLog {
  const signCheckpoint = () => Promise.reject(new Error('this log is signed for its recorder alone'));
  return startAuditLog({ socketPath, signCheckpoint, appendTimeout: APPEND_TIMEOUT });
}
