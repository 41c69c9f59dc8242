import { type ApolloClient, gql, type TypedDocumentNode } from "@apollo/client";

type Figures = { totalLikes: number; totalComments: number };
type Publication = { id: string; name: string; metrics: Figures | null };

export const DASHBOARD: TypedDocumentNode<{ publication: Publication | null }, { url: string }> = gql`
  query Dashboard($url: String!) {
    publication(url: $url) {
      id
      name
      metrics {
        totalLikes
        totalComments
      }
    }
  }
`;

export const FOLLOW: TypedDocumentNode<{ publicationMetricsChanged: Publication | null }, { url: string }> =
  gql`
    subscription Follow($url: String!) {
      publicationMetricsChanged(url: $url) {
        id
        name
        metrics {
          totalLikes
          totalComments
        }
      }
    }
  `;

export const LIKE: TypedDocumentNode<unknown, { id: string }> = gql`
  mutation Like($id: ID!) {
    likePublication(publicationId: $id) {
      publication {
        id
        metrics {
          totalLikes
        }
      }
    }
  }
`;

export const UNLIKE: TypedDocumentNode<unknown, { id: string }> = gql`
  mutation Unlike($id: ID!) {
    unlikePublication(publicationId: $id) {
      publication {
        id
        metrics {
          totalLikes
        }
      }
    }
  }
`;

const LOGIN: TypedDocumentNode<{ login: { accessToken: string } | null }, { email: string; password: string }> = gql`
  mutation Login($email: String!, $password: String!) {
    login(input: { password: { email: $email, password: $password } }) {
      accessToken
    }
  }
`;

/** The token; `login` says in `expiresAt` until when it is good. */
export async function signIn(client: ApolloClient, email: string, password: string): Promise<string> {
  const { data } = await client.mutate({ mutation: LOGIN, variables: { email, password } });
  return data!.login!.accessToken;
}
