/** I1: at most one certified value per instance, across crashes and epochs. */
import { instanceKey } from '#protocols/ids.ts';
import type { CheckContext, Checker } from './checker.ts';

export function checkOneValue({ report }: CheckContext): Checker {
  const certified = new Map<string, string>();
  return {
    invariant: 'I1',
    see(happening) {
      if (happening.type !== 'certificate.said' && happening.type !== 'certificate.durable') return;
      const { instance, value } = happening.certificate;
      const key = instanceKey(instance);
      const known = certified.get(key) ?? value;
      certified.set(key, known);
      if (known !== value) report(`${key} is certified as ${known} and as ${value}`);
    },
  };
}
