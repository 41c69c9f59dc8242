import { type Client, gql } from "@urql/core";

type Figures = { totalLikes: number; totalComments: number };
type Publication = { id: string; name: string; metrics: Figures | null };

export const DASHBOARD = gql<{ publication: Publication | null }, { url: string }>`
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

export const FOLLOW = gql<{ publicationMetricsChanged: Publication | null }, { url: string }>`
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

export const LIKE = gql<unknown, { id: string }>`
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

export const UNLIKE = gql<unknown, { id: string }>`
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

const LOGIN = gql<{ login: { accessToken: string } | null }, { email: string; password: string }>`
  mutation Login($email: String!, $password: String!) {
    login(input: { password: { email: $email, password: $password } }) {
      accessToken
    }
  }
`;

/** The token; `login` says in `expiresAt` until when it is good. */
export async function signIn(client: Client, email: string, password: string): Promise<string> {
  const { data, error } = await client.mutation(LOGIN, { email, password });
  if (!data?.login) throw error;
  return data.login.accessToken;
}
