import { commitMutation, type Environment, graphql } from "relay-runtime";
import type { signInMutation } from "./__generated__/signInMutation.graphql";

/** The token; `login` says in `expiresAt` until when it is good. */
export function signIn(environment: Environment, email: string, password: string): Promise<string> {
  return new Promise((resolve, reject) =>
    commitMutation<signInMutation>(environment, {
      mutation: graphql`
        mutation signInMutation($email: String!, $password: String!) {
          login(input: { password: { email: $email, password: $password } }) {
            accessToken
          }
        }
      `,
      variables: { email, password },
      onCompleted: ({ login }, errors) => (login ? resolve(login.accessToken) : reject(errors)),
      onError: reject,
    }),
  );
}
