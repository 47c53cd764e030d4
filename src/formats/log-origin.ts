// The name of an instance's audit log: origin line and key name of its checkpoints.

export function logOrigin(instanceId: string): string {
  return `strongroom/${instanceId}`;
}
