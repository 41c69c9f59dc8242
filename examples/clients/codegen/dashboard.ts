import { graphql } from "./gql/index.js";

export const Dashboard = graphql(`
  query Dashboard($url: String!, $range: DateRange!) {
    publication(url: $url) {
      name
      createdAt
      metrics {
        totalLikes
        totalComments
      }
      views(range: $range, interval: MONTH) {
        points {
          dateInterval
          count
        }
      }
    }
  }
`);

export const Login = graphql(`
  mutation Login($email: String!, $password: String!) {
    login(input: { password: { email: $email, password: $password } }) {
      accessToken
      expiresAt
    }
  }
`);
