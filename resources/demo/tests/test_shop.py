import unittest

from shop import total_cents, with_discount


class ShopTest(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total_cents([{"cents": 250}, {"cents": 199}]), 449)

    def test_nothing_costs_nothing(self):
        self.assertEqual(total_cents([]), 0)

    def test_discount_is_rounded_for_the_customer(self):
        self.assertEqual(with_discount(999, 10), 899)

    def test_a_discount_is_a_percentage(self):
        with self.assertRaises(ValueError):
            with_discount(100, 101)
