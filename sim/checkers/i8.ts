/**
 * I8: each (target, version) is enacted at most once, by the executor its certified manifest
 * names, and never after a newer version of the target.
 */
import type { Enact } from '#fabric/ports.ts';
import { abortValue } from '#protocols/ids.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { CheckContext, Checker } from './checker.ts';

export function checkEnactments({ report }: CheckContext): Checker {
  const applied = new Map<string, string>();
  const newest = new Map<string, number>();
  const certified = new Map<string, string>();
  const manifests = new Map<string, Manifest>();

  function objectionTo(region: string, key: string): string | null {
    const value = certified.get(key);
    if (value === undefined) return 'which is not certified';
    if (value === abortValue) return 'which was aborted';
    const executor = manifests.get(value)?.executor;
    return executor === region ? null : `whose executor is ${executor ?? 'unknown'}`;
  }

  function checkApplied(region: string, { target, version, enactmentId }: Enact): void {
    const key = `${target}@${version}`;
    const known = applied.get(key);
    if (known !== undefined) report(`${region} enacts ${key} again: ${known}, then ${enactmentId}`);
    applied.set(key, enactmentId);
    const last = newest.get(target) ?? 0;
    if (version < last) report(`${region} enacts ${key} after version ${last}`);
    newest.set(target, Math.max(last, version));
  }

  return {
    invariant: 'I8',
    see(happening) {
      if (happening.type === 'certificate.durable') {
        const { instance, value } = happening.certificate;
        certified.set(`${instance.target}@${instance.version}`, value);
      } else if (happening.type === 'manifest.durable') {
        manifests.set(happening.digest, happening.manifest);
      } else if (happening.type === 'apply.called') {
        const { region, enact } = happening;
        const key = `${enact.target}@${enact.version}`;
        const objection = objectionTo(region, key);
        if (objection) report(`${region} enacts ${key}, ${objection}`);
      } else if (happening.type === 'apply.done') {
        checkApplied(happening.region, happening.enact);
      }
    },
  };
}
