@portable
Feature: Everybody gets its own replies, whole
  Each question has a token of its own, which comes back in every row of its answer.

  Scenario: Forty clients of two users, two servers for each user
    Given PostgreSQL with the users alice and bob
    And a pooler with
      | auth_query.pool_size | 2 |
    When 20 clients of alice and 20 of bob each ask for their own token 50 times
    Then the ledger balances with 2000 answers
