"""Plans from objects of a kind of their own, beside the directory and with the same code.

``definition`` makes the CustomResourceDefinition, ``reading`` turns an object into a plan,
``source`` follows the objects, and ``reporter`` writes back how their rollouts stand.
"""
