// Every command there is, in the order in which help lists them.
import type { Command } from './command.ts';
import { check as checkAccess } from './commands/access/check.ts';
import { explain } from './commands/access/explain.ts';
import { list as listAliases } from './commands/alias/list.ts';
import { remove as removeAlias } from './commands/alias/remove.ts';
import { set as setAlias } from './commands/alias/set.ts';
import { addCertificate } from './commands/application/certificate/add.ts';
import { listCertificates } from './commands/application/certificate/list.ts';
import { removeCertificate } from './commands/application/certificate/remove.ts';
import { approve } from './commands/approval/approve.ts';
import { list as listApprovals } from './commands/approval/list.ts';
import { reject } from './commands/approval/reject.ts';
import { show as showApproval } from './commands/approval/show.ts';
import { withdraw } from './commands/approval/withdraw.ts';
import { verify as verifyAttestation } from './commands/attestation/verify.ts';
import { checkpoint } from './commands/audit/checkpoint.ts';
import { show } from './commands/audit/show.ts';
import { verify } from './commands/audit/verify.ts';
import { list as listBackups } from './commands/backup/list.ts';
import { addPlace } from './commands/backup/place/add.ts';
import { listPlaces } from './commands/backup/place/list.ts';
import { removePlace } from './commands/backup/place/remove.ts';
import { restore as restoreBackup } from './commands/backup/restore.ts';
import { start as startBackup } from './commands/backup/start.ts';
import { status as backupStatus } from './commands/backup/status.ts';
import { verify as verifyBackup } from './commands/backup/verify.ts';
import { check as checkTransfer } from './commands/byok/check.ts';
import { wrap } from './commands/byok/wrap.ts';
import { next } from './commands/ceremony/next.ts';
import { note } from './commands/ceremony/note.ts';
import { report } from './commands/ceremony/report.ts';
import { start as startCeremony } from './commands/ceremony/start.ts';
import { status as ceremonyStatus } from './commands/ceremony/status.ts';
import { transferKey } from './commands/ceremony/transfer-key.ts';
import { verify as verifyCeremony } from './commands/ceremony/verify.ts';
import { advance } from './commands/clock/advance.ts';
import { reset } from './commands/clock/reset.ts';
import { show as showClock } from './commands/clock/show.ts';
import { check as checkConfig } from './commands/config/check.ts';
import { acknowledge } from './commands/custodian/acknowledge.ts';
import { answer } from './commands/custodian/answer.ts';
import { challenge } from './commands/custodian/challenge.ts';
import { fingerprint } from './commands/custodian/fingerprint.ts';
import { handOver } from './commands/custodian/hand-over.ts';
import { keygen } from './commands/custodian/keygen.ts';
import { leave } from './commands/custodian/leave.ts';
import { list } from './commands/custodian/list.ts';
import { name as nameCustodian } from './commands/custodian/name.ts';
import { open } from './commands/custodian/open.ts';
import { restore as restorePaper } from './commands/custodian/paper/restore.ts';
import { paper } from './commands/custodian/paper.ts';
import { share } from './commands/custodian/share.ts';
import { show as showPacket } from './commands/custodian/show.ts';
import { submit } from './commands/custodian/submit.ts';
import { tool } from './commands/custodian/tool.ts';
import { env } from './commands/env.ts';
import { add as addFederation } from './commands/federation/add.ts';
import { list as listFederation } from './commands/federation/list.ts';
import { remove as removeFederation } from './commands/federation/remove.ts';
import { bind as bindIdentity } from './commands/identity/bind.ts';
import { list as listIdentities } from './commands/identity/list.ts';
import { remove as removeIdentity } from './commands/identity/remove.ts';
import { accept as acceptInstance } from './commands/instance/accept.ts';
import { start as startInstance } from './commands/instance/start.ts';
import { stop as stopInstance } from './commands/instance/stop.ts';
import { apply as applyNetwork } from './commands/network/apply.ts';
import { confirm } from './commands/network/confirm.ts';
import { plan } from './commands/network/plan.ts';
import { revert } from './commands/network/revert.ts';
import { reason } from './commands/reason.ts';
import { file as fileRehearsal } from './commands/rehearse/file.ts';
import { prepare } from './commands/rehearse/prepare.ts';
import { rehearse } from './commands/rehearse/rehearse.ts';
import { rehearsalStatus } from './commands/rehearse/status.ts';
import { verifyRecord } from './commands/rehearse/verify.ts';
import { authority } from './commands/release/authority.ts';
import { check } from './commands/release/check.ts';
import { open as openRelease } from './commands/release/open.ts';
import { simulate } from './commands/release/simulate.ts';
import { token } from './commands/release/token.ts';
import { trust } from './commands/release/trust.ts';
import { change as changeSeal } from './commands/seal/change.ts';
import { show as showSeal } from './commands/seal/show.ts';
import { show as showSeparation } from './commands/separation/show.ts';
import { strict } from './commands/separation/strict.ts';
import { list as listSettings } from './commands/settings/list.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { unlock } from './commands/unlock.ts';

export const commands: readonly Command[] = [
  start,
  status,
  unlock,
  checkConfig,
  startInstance,
  stopInstance,
  acceptInstance,
  showSeal,
  changeSeal,
  env,
  setAlias,
  listAliases,
  removeAlias,
  addCertificate,
  listCertificates,
  removeCertificate,
  bindIdentity,
  listIdentities,
  removeIdentity,
  addFederation,
  listFederation,
  removeFederation,
  listSettings,
  showSeparation,
  strict,
  reason,
  listApprovals,
  showApproval,
  approve,
  reject,
  withdraw,
  explain,
  checkAccess,
  plan,
  applyNetwork,
  confirm,
  revert,
  keygen,
  fingerprint,
  paper,
  restorePaper,
  acknowledge,
  answer,
  share,
  showPacket,
  handOver,
  leave,
  open,
  tool,
  list,
  nameCustodian,
  challenge,
  submit,
  startCeremony,
  next,
  ceremonyStatus,
  note,
  report,
  transferKey,
  verifyCeremony,
  startBackup,
  backupStatus,
  restoreBackup,
  listBackups,
  verifyBackup,
  addPlace,
  listPlaces,
  removePlace,
  verify,
  show,
  checkpoint,
  rehearse,
  prepare,
  rehearsalStatus,
  verifyRecord,
  fileRehearsal,
  wrap,
  checkTransfer,
  advance,
  showClock,
  reset,
  check,
  simulate,
  authority,
  token,
  trust,
  openRelease,
  verifyAttestation,
];
