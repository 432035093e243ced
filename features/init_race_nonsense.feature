@auth-query @auth-query-init-race @protocol-faults
Feature: What the first server of a pool says makes no sense
  Nobody is let in by it, the answer is definite, and nothing is left.

  Background:
    Given PostgreSQL with the user alice
    And a fault proxy before PostgreSQL

  Scenario Outline: <what> comes for <point>
    Given a pooler with
      | connect_timeout      | 20s       |
      | auth_query.workers   | 1         |
      | pool.server_tls_mode | <tls>     |
    # A look-up, so that its own connection is there before anything is changed.
    When nobody connects; fails with SQLSTATE 28P01
    And the proxy does pg_replace at "<point>" of alice
      | hex | <bytes> |
      | raw | <raw>   |
    And 2 clients of alice begin to connect
    Then within 10 s all of them get in; fails with SQLSTATE 08006
    And there are no pools
    And "SHOW INTERNALS" says
      | pools   | 0 |
      | joiners | 0 |
    And the counters of "SHOW AUTH_QUERY" are
      | pools_committed | 0 |
    When the proxy's faults are lifted
    Then alice connects at once
    And alice runs "select ssl from pg_stat_ssl where pid = pg_backend_pid()" and gets "t"

    # The last three: SASLFinal with another signature, a code that no request has, a length of 3.
    Examples:
      | what                 | point                   | tls     | raw   | bytes                              |
      | a refusal of TLS     | SSLResponse             | require | true  | 4e                                 |
      | a letter of no sense | SSLResponse             | prefer  | true  | 78                                 |
      | another signature    | AuthenticationSASLFinal | prefer  | false | 0000000c763d414141414141414141413d |
      | an unknown request   | AuthenticationSASL      | prefer  | false | 000000ff                           |
      | a length of nothing  | AuthenticationOk        | prefer  | true  | 5200000003                         |
