from __future__ import annotations

from django.urls import path

from accounting.views import exports, periods, rules, transactions

app_name = "accounting"

_LINE = "transactions/<uuid:transaction_id>/"
_RULE = "accounting/rules/<uuid:rule_id>/"

urlpatterns = [
    path("transactions/", transactions.transaction_list, name="transaction_list"),
    path("transactions/new/", transactions.transaction_add, name="transaction_add"),
    path("transactions/property-choices/", transactions.property_choices, name="property_choices"),
    path("transactions/export/", exports.transaction_export, name="transaction_export"),
    path(_LINE, transactions.transaction_detail, name="transaction_detail"),
    path(_LINE + "edit/", transactions.transaction_edit, name="transaction_edit"),
    path(_LINE + "reverse/", transactions.transaction_reverse, name="transaction_reverse"),
    path("accounting/rules/", rules.rule_list, name="rule_list"),
    path("accounting/rules/new/", rules.rule_add, name="rule_add"),
    path(_RULE, rules.rule_edit, name="rule_edit"),
    path(_RULE + "move/", rules.rule_move, name="rule_move"),
    path(_RULE + "switch/", rules.rule_switch, name="rule_switch"),
    path(_RULE + "delete/", rules.rule_delete, name="rule_delete"),
    path("accounting/periods/", periods.period_list, name="periods"),
    path("accounting/periods/close/", periods.period_close, name="period_close"),
    path("accounting/periods/reopen/", periods.period_reopen, name="period_reopen"),
]
