/**
 * The federation as this region knows it, and the root that everything verifies against.
 */
import { TrustRoot } from '#protocols/epochs/trust.ts';
import type { Routes } from '../context.ts';
import { FederationWire, federationWire } from '../views/federation.ts';

export const federationRoutes: Routes = async (app, { region, federation }) => {
  app.get(
    '/federation',
    {
      schema: { response: { 200: FederationWire } },
      config: { summary: 'Epoch and members' },
    },
    async () => federationWire(region.members()),
  );

  app.get(
    '/federation/trust-root',
    {
      schema: { response: { 200: TrustRoot } },
      config: { summary: 'The trust root of the data folder: compare its fingerprint' },
    },
    async () => federation.trustRoot,
  );
};
