// One batch of keys, one statement, as the README of dataloader shows it.
import DataLoader from "dataloader";
import { rows } from "./database.mjs";

const ONE = {
  users: "select id, name from app_user where id = any($1)",
  experienceCounts: `select publication_id as id,
      count(*) filter (where type = 'AI_EXPERT')::int as "aiExpert",
      count(*) filter (where type = 'AI_NOTE')::int as "aiNote",
      count(*) filter (where type = 'QUEST')::int as quest,
      count(*) filter (where type = 'PODCAST')::int as podcast,
      count(*)::int as total
    from experience where publication_id = any($1) group by publication_id`,
  metrics: `select publication_id as id, views as "totalViews", likes as "totalLikes",
      bookmarks as "totalBookmarks", shares as "totalShares", comments as "totalComments",
      monthly_active_users as "monthlyActiveUsers"
    from engagement where publication_id = any($1)`,
  followers: "select followed_id as id, count(*)::int as count from follow where followed_id = any($1) group by 1",
  following: "select follower_id as id, count(*)::int as count from follow where follower_id = any($1) group by 1",
  assets: "select id, name from asset where id = any($1)",
};

function loader(name) {
  return new DataLoader(async (ids) => {
    const found = new Map((await rows(name, ONE[name], [ids])).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

export function loaders() {
  return Object.fromEntries(Object.keys(ONE).map((name) => [name, loader(name)]));
}
