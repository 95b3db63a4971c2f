/** The three ways to stop, in the words of the glossary. Pure. */
import type { Static } from 'typebox';
import type { Stop } from '#protocols/messages/enactment.ts';
import type { IconName } from './icons.ts';
import type { StopWire } from './wire.ts';

export type StopAction = Static<typeof Stop>['action'];

export const stopChoices: readonly {
  readonly action: StopAction;
  readonly label: string;
  readonly done: string;
  readonly about: string;
  readonly icon: IconName;
}[] = [
  {
    action: 'pause',
    label: 'Pause',
    done: 'Paused',
    about: 'Nothing more starts; what has started goes on to its end.',
    icon: 'pause',
  },
  {
    action: 'abort',
    label: 'Abort',
    done: 'Aborted',
    about: 'What has not started ends; what has started is taken back.',
    icon: 'undo',
  },
  {
    action: 'emergency-stop',
    label: 'Emergency stop',
    done: 'Emergency stop',
    about: 'Everything ends without a further call to any driver, not even to restore.',
    icon: 'stop',
  },
];

/** `acme/checkout is paused` */
export function describeStop({ action, target, tenant_id: tenant }: StopWire): string {
  const how = { pause: 'paused', abort: 'aborted', 'emergency-stop': 'stopped' }[action];
  return `${target ?? `All of ${tenant}`} is ${how}`;
}
