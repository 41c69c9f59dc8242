-- What the peers read, as somebody would lay it out who has these questions alone; SQLite takes it, too.
create table organization (id int primary key, name text not null);
create table app_user (id int primary key, name text);
create table publication (
  id int primary key, name text not null, custom_url text not null unique, created_at timestamptz not null,
  owner_id int not null references app_user (id)
);
create table experience (
  id int primary key, publication_id int not null references publication (id), type text not null
);
create table follow (
  follower_id int not null references app_user (id), followed_id int not null references app_user (id),
  primary key (follower_id, followed_id)
);
create table engagement (
  publication_id int primary key references publication (id), views int not null, likes int not null,
  bookmarks int not null, shares int not null, comments int not null, monthly_active_users int not null
);
create table asset (
  id int primary key, organization_id int not null references organization (id), name text not null
);
create table asset_daily (
  asset_id int not null references asset (id), day int not null, device text not null, count int not null,
  primary key (asset_id, day, device)
);
create index on_publication on experience (publication_id, type);
create index on_followed on follow (followed_id);
create index on_owner on publication (owner_id);
create index on_organization on asset (organization_id);
