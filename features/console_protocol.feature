Feature: The admin console speaks the extended protocol
  As PostgreSQL does, so that every driver can ask it.

  Background:
    Given PostgreSQL with the user alice
    And a pooler

  Scenario: An error comes at once, and everything up to Sync is skipped
    When admin connects to the console
    And admin sends
      | Parse |  | nonsense |
      | Flush |  |          |
    Then admin receives
      | ErrorResponse 08P01 |
    When admin sends
      | Parse |              | show version |
      | Query | show version |              |
      | Sync  |              |              |
    Then admin receives
      | ReadyForQuery I |
    When admin sends
      | Parse           |  | show version |
      | Flush           |  |              |
    Then admin receives
      | ParseComplete |
