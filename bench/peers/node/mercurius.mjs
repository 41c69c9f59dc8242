// mercurius with graphql-jit: each operation is compiled when it is first seen.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import { rows } from "./database.mjs";
import { loaders } from "./loaders.mjs";

const PUBLICATION = `select id, name, custom_url as "customUrl", created_at, owner_id from publication`;
const POINTS = `select day::text as "dateInterval", device as "deviceCategory", sum(count)::int as count from asset_daily`;
const NO_COUNTS = { aiExpert: 0, aiNote: 0, quest: 0, podcast: 0, total: 0 };

const series = (points) => ({ views: { points } });

const metrics = {
  ofAsset: async ({ id }, { start, end }) =>
    series(await rows("asset", `${POINTS} where asset_id = $1
      and day between $2 and $3 group by day, device order by day, device`, [id, start, end])),
  byDevice: async ({ id }, { start, end }) =>
    series(await rows("device", `${POINTS} where asset_id in (select id from asset where organization_id = $1)
      and day between $2 and $3 group by day, device order by day, device`, [id, start, end])),
  byAsset: async ({ id }, { start, end }) =>
    series(await rows("by-asset", `select day::text as "dateInterval", asset_id, sum(count)::int as count from asset_daily
      where asset_id in (select id from asset where organization_id = $1)
      and day between $2 and $3 group by day, asset_id order by day, asset_id`, [id, start, end])),
};

const resolvers = {
  Query: {
    publication: async (_, { url }) => (await rows("one", `${PUBLICATION} where custom_url = $1`, [url]))[0] ?? null,
    publications: async (_, { first }) => {
      const found = await rows("list", `${PUBLICATION} order by id limit $1`, [first]);
      return { edges: found.map((node) => ({ node })) };
    },
    asset: (_, { id }, { loaders }) => loaders.assets.load(id),
    organization: (_, { id }) => ({ id }),
  },
  Publication: {
    createdAt: (publication) => publication.created_at,
    owner: (publication, _, { loaders }) => loaders.users.load(publication.owner_id),
    experienceCounts: async (publication, _, { loaders }) =>
      (await loaders.experienceCounts.load(publication.id)) ?? NO_COUNTS,
    metrics: (publication, _, { loaders }) => loaders.metrics.load(publication.id),
    socialMetrics: async (publication, _, { loaders }) => {
      const [followers, following] = await Promise.all([
        loaders.followers.load(publication.owner_id),
        loaders.following.load(publication.owner_id),
      ]);
      return { followersCount: followers?.count ?? 0, followingCount: following?.count ?? 0 };
    },
  },
  Asset: { metrics: metrics.ofAsset },
  Organization: { metricsByDevice: metrics.byDevice, metricsByAsset: metrics.byAsset },
  AssetPoint: { asset: (point, _, { loaders }) => loaders.assets.load(point.asset_id) },
};

const app = Fastify({ logger: false });
app.register(mercurius, {
  schema: readFileSync(new URL("./schema.graphql", import.meta.url), "utf8"),
  resolvers,
  context: () => ({ loaders: loaders() }),
  jit: 1,
  path: "/graphql",
});
await app.listen({ port: Number(process.env.PEER_PORT), host: "127.0.0.1" });
