import { graphql, useLazyLoadQuery, usePaginationFragment } from "react-relay";
import type { PublicationsQuery } from "./__generated__/PublicationsQuery.graphql";
import type { Publications_list$key } from "./__generated__/Publications_list.graphql";

export function Publications() {
  const query = useLazyLoadQuery<PublicationsQuery>(
    graphql`
      query PublicationsQuery {
        ...Publications_list @arguments(first: 4)
      }
    `,
    {},
  );
  return <List query={query} />;
}

function List({ query }: { query: Publications_list$key }) {
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment(
    graphql`
      fragment Publications_list on Query
      @refetchable(queryName: "PublicationsPageQuery")
      @argumentDefinitions(first: { type: "Int" }, after: { type: "String" }) {
        publications(first: $first, after: $after) @connection(key: "Publications_publications") {
          totalCount
          edges {
            node {
              id
              name
              metrics @catch(to: RESULT) {
                totalLikes
              }
            }
          }
        }
      }
    `,
    query,
  );
  const { edges, totalCount } = data.publications;
  return (
    <section>
      <h1>
        {edges.length} of {totalCount} publications
      </h1>
      <ul>
        {edges.map(({ node: { id, name, metrics } }) => (
          <li key={id}>
            {name}: {metrics.ok ? `${metrics.value?.totalLikes} likes` : "for its makers only"}
          </li>
        ))}
      </ul>
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(4)}>
          More
        </button>
      )}
    </section>
  );
}
