-- What PostGraphile is told beyond the tables, as its documentation advises: computed columns.
create type experience_counts as (ai_expert int, ai_note int, quest int, podcast int, total int);
create type publication_figures as (
  total_views int, total_likes int, total_bookmarks int, total_shares int, total_comments int,
  monthly_active_users int
);
create type social_figures as (followers_count int, following_count int);
create type device_point as (date_interval text, device_category text, count int);
create type device_series as (points device_point[]);
create type device_figures as (views device_series);
create type asset_name as (name text);
create type asset_point as (date_interval text, count int, asset asset_name);
create type asset_series as (points asset_point[]);
create type asset_figures as (views asset_series);

create function publication_experience_counts(p publication) returns experience_counts language sql stable as $$
  select row(
    count(*) filter (where type = 'AI_EXPERT'), count(*) filter (where type = 'AI_NOTE'),
    count(*) filter (where type = 'QUEST'), count(*) filter (where type = 'PODCAST'), count(*)
  )::experience_counts
  from experience where publication_id = p.id
$$;

create function publication_metrics(p publication) returns publication_figures language sql stable as $$
  select row(views, likes, bookmarks, shares, comments, monthly_active_users)::publication_figures
  from engagement where publication_id = p.id
$$;

create function publication_social_metrics(p publication) returns social_figures language sql stable as $$
  select row(
    (select count(*) from follow where followed_id = p.owner_id),
    (select count(*) from follow where follower_id = p.owner_id)
  )::social_figures
$$;

create function asset_metrics(a asset, start_day int, end_day int) returns device_figures language sql stable as $$
  select row(row(array_agg(row(day, device, count)::device_point order by day, device))::device_series)::device_figures
  from (
    select day, device, sum(count) as count from asset_daily
    where asset_id = a.id and day between start_day and end_day group by day, device
  ) points
$$;

create function organization_metrics_by_device(o organization, start_day int, end_day int)
returns device_figures language sql stable as $$
  select row(row(array_agg(row(day, device, count)::device_point order by day, device))::device_series)::device_figures
  from (
    select day, device, sum(count) as count from asset_daily
    where asset_id in (select id from asset where organization_id = o.id) and day between start_day and end_day
    group by day, device
  ) points
$$;

create function organization_metrics_by_asset(o organization, start_day int, end_day int)
returns asset_figures language sql stable as $$
  select row(row(array_agg(
    row(day, count, row(asset.name)::asset_name)::asset_point order by day, asset_id
  ))::asset_series)::asset_figures
  from (
    select day, asset_id, sum(count) as count from asset_daily
    where asset_id in (select id from asset where organization_id = o.id) and day between start_day and end_day
    group by day, asset_id
  ) points join asset on asset.id = asset_id
$$;
