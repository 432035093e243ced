Feature: Logins
  Whoever proves to be a user gets in as that user; nobody else learns anything.

  Background:
    Given PostgreSQL with the users alice and bob
    And the MD5 user mallory

  @portable
  Scenario Outline: <user> gets in with the right password, <way>
    Given a pooler
    When <user> connects <manner>
    Then <user> runs "select current_user" and gets "<user>"

    Examples:
      | user    | way           | manner      |
      | alice   | by SCRAM      | without TLS |
      | alice   | SCRAM and TLS | over TLS    |
      | mallory | by MD5        | without TLS |
      | mallory | MD5 and TLS   | over TLS    |

  @portable
  Scenario: A wrong password does not get in
    Given a pooler
    When alice connects with password "guess"; fails with SQLSTATE 28P01 "password authentication failed for user "alice""
    And mallory connects over TLS with password "guess"; fails with SQLSTATE 28P01
    And nobody connects; fails with SQLSTATE 28P01
    And alice connects
    Then alice runs "select 1"
    And the log does not say "guess"
    And the log does not say "alice_pw"

  @portable
  Scenario: An unknown user and a wrong password look alike
    Given a pooler
    When carol tries to connect, watched
    And alice tries to connect with password "guess", watched
    Then carol and alice saw messages of the same kinds and lengths

  Scenario: Cleartext is asked for over TLS only, and any stored secret can be checked
    Given a pooler with
      | hba | hostssl all all all password\nhost all all all reject |
    When alice tries to connect over TLS, watched
    Then alice is asked by CleartextPassword
    When alice connects over TLS
    And mallory connects over TLS
    And alice#2 connects over TLS with password "guess"; fails with SQLSTATE 28P01
    And bob connects; fails with SQLSTATE 28000
    Then the clients get
      | alice   | select current_user | alice   |
      | mallory | select current_user | mallory |

  Scenario: Trust lets in without a password, and PostgreSQL decides the rest
    Given a pooler with
      | hba | host all :mallory all trust\nhost all :alice all trust\nhost all all all scram-sha-256 |
    When mallory connects without a password
    Then mallory runs "select current_user" and gets "mallory"
    When alice connects without a password; fails with SQLSTATE 28000
    And bob connects
    Then bob runs "select current_user" and gets "bob"

  Scenario: An md5 rule upgrades to SCRAM when the secret is SCRAM
    Given a pooler with
      | hba | host all all all md5 |
    When alice tries to connect, watched
    And mallory tries to connect, watched
    Then alice is asked by SASL
    And mallory is asked by MD5Password

  Scenario: The first rule that fits decides
    Given a pooler with
      | hba | host all :bob all reject\nhost all all all scram-sha-256 |
    When bob connects; fails with SQLSTATE 28000
    And alice connects
    Then alice runs "select 1"
