# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises: groups and actions
#
# You will compute with the symmetries of a polygon, find out whether a table is a group, move pictures, count
# orbits, and write the matrices that permute a fiber. At the end you will repair a layer on a group that passes
# every test on rotations and fails as soon as somebody adds a flip.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 90 minutes |
# | Builds on | [Groups and actions](book:02-groups-and-actions) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("product", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import torch

from course_lib.checks import groups as checks

# %% [markdown]
# ## What you need to know
#
# A *group* has a product, and we read it from right to left: $gh$ means first $h$, then $g$. The product is
# associative, there is an identity $e$, and each $g$ has an inverse $g^{-1}$.
#
# The group $D_n$ has $2n$ elements, and in code they are integers. Element $k < n$ is $r^k$, the turn by $k$ times
# $360/n$ degrees counter-clockwise. Element $n + k$ is $r^k m$: **first** the flip $m$, which exchanges left and
# right, **then** the turn. All products follow from $m\, r = r^{-1} m$ and $m\, m = e$.
#
# A small group can be written as a *table*. In this notebook a table is a tuple of rows, and `table[g][h]` is the
# product $gh$. The elements are $0, 1, 2, \dots$

# %% [markdown]
# ## Question 1. The product of $D_n$
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | the rules above |
#
# **Your group is $D_{{{n}}}$**, with {{n.order}} elements. Write its product.
#
# Before you write: which element is {{n.flip}} times 1, "turn once, then flip, then turn once more"? And which is 1
# times {{n.flip}}?


# %% nbgrader={"grade": false, "grade_id": "product", "locked": false, "schema_version": 3, "solution": true, "task": false}
def product(g, h):
    """The element gh of D_{{n}}: first h, then g.

    Args:
        g: Element, from 0 to {{n.last}}.
        h: Element, from 0 to {{n.last}}.

    Returns:
        Element, from 0 to {{n.last}}.
    """
    ### BEGIN SOLUTION
    n = {{n}}
    a, b = g % n, h % n
    turn = a - b if g >= n else a + b
    is_flip = (g >= n) != (h >= n)
    return turn % n + (n if is_flip else 0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "product-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.product(product, n={{n}})
### BEGIN HIDDEN TESTS
checks.product(product, n={{n}}, seed=20271).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Element {{n.flip}} is $rm$. So {{n.flip}} times 1 is $r m\, r = r\, r^{-1} m = m$, element {{n}}: the turns before and
# after the flip cancel. And 1 times {{n.flip}} is $r\, r m = r^2 m$, element {{n.twice}}. Only a flip of $g$ reverses the turn of $h$, since
# only that flip is carried past it.

# %% [markdown]
# ## Question 2. Is it a group?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 20 min | the definition of a group |
#
# Given any table, find the first axiom that it breaks. Test in this order: first whether there is an identity,
# then whether the product is associative, and then whether each element has an inverse.
#
# Predict before you write: which axiom does each of these break, if any: the maximum of two numbers of 0, 1, 2; the
# difference $g - h$ modulo 3; the product of numbers modulo 4? And if a table holds every element exactly once in
# each row and each column, and has an identity: must it be a group?


# %% nbgrader={"grade": false, "grade_id": "axioms", "locked": false, "schema_version": 3, "solution": true, "task": false}
def first_broken(table):
    """The first axiom of a group that a table breaks.

    Args:
        table: Tuple of n rows with n elements each; table[g][h] is the product gh.

    Returns:
        One of the texts "no identity", "not associative", "no inverses", "group".
    """
    ### BEGIN SOLUTION
    G = range(len(table))
    identities = [e for e in G if all(table[e][g] == g and table[g][e] == g for g in G)]
    if not identities:
        return "no identity"
    for g in G:
        for h in G:
            for k in G:
                if table[table[g][h]][k] != table[g][table[h][k]]:
                    return "not associative"
    if any(identities[0] not in table[g] for g in G):
        return "no inverses"
    return "group"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "axioms-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.axioms(first_broken)
### BEGIN HIDDEN TESTS
checks.axioms(first_broken, seed=20272).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The maximum has the identity 0, is associative, and nothing undoes 1 or 2. The difference has $g - 0 = g$, but
# $0 - h = -h$: no identity. The product modulo 4 has the identity 1, and nothing undoes 0 and 2. A table like a
# solved Sudoku need not be a group: there is one with five elements and an identity that is not associative. It
# stands among the cases of the check. In a finite associative table it is enough to look for the identity in each
# row: what undoes $g$ from the right then undoes it from the left as well.

# %% [markdown]
# ## Question 3. The action on images
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | question 1, if you want to test your answer |
#
# Write the action of $D_4$ on images, $(g f)(p) = f(g^{-1} p)$. Quarter turns and flips only move pixels, so use
# functions of torch that move numbers, such as `torch.rot90` and `torch.flip`. A turn is counter-clockwise *as
# displayed*: row 0 is at the top.
#
# Predict before you run the check: somebody forgets the inverse and writes $f(g p)$. For how many of the eight
# elements does the picture come out wrong?


# %% nbgrader={"grade": false, "grade_id": "action", "locked": false, "schema_version": 3, "solution": true, "task": false}
def act_on_image(g, f):
    """Act on an image with an element of D_4.

    Args:
        g: Element, from 0 to 7; elements from 4 on flip first, then turn as g - 4 does.
        f: Image with the axes c y x.

    Returns:
        Image with the axes c y x; rows and columns are exchanged if g makes an odd number
        of quarter turns.
    """
    ### BEGIN SOLUTION
    if g >= 4:
        f = torch.flip(f, dims=(-1,))
    return torch.rot90(f, g % 4, dims=(-2, -1))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "action-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.action(act_on_image)
### BEGIN HIDDEN TESTS
checks.action(act_on_image, seed=20273).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# For two of eight: $r$ and $r^3$ change places. The half turn and all four flips are their own inverses, so for
# them the mistake does nothing. A test on flips and half turns alone would pass.

# %% [markdown]
# ## Question 4. The regular representation
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | the definition below |
#
# A *representation* gives each element a matrix, such that $\rho(g)\rho(h) = \rho(gh)$. The regular one acts on
# vectors with one entry for each element: $\rho(g)$ moves the number at entry $h$ to entry $gh$. Write its matrix
# for any group, given by a table.
#
# Before you write: for $C_3$, where the product is the sum modulo 3, write $\rho(1)$ on paper.


# %% nbgrader={"grade": false, "grade_id": "matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def regular_matrix(table, g):
    """Matrix of the regular representation.

    Args:
        table: Tuple of n rows; table[g][h] is the product gh.
        g: Element, from 0 to n - 1.

    Returns:
        Tensor with the axes n n, in float64; rho(g) @ x moves entry h of x to entry gh.
    """
    ### BEGIN SOLUTION
    n = len(table)
    rho = torch.zeros(n, n, dtype=torch.float64)
    for h in range(n):
        rho[table[g][h], h] = 1
    return rho
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "matrix-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.matrix(regular_matrix)
### BEGIN HIDDEN TESTS
checks.matrix(regular_matrix, seed=20274).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# $\rho(1)$ of $C_3$ has its ones in row 1 of column 0, row 2 of column 1 and row 0 of column 2. The transposed
# matrix belongs to the inverse element. If you multiply from the right, $h \mapsto hg$, nothing changes for $C_n$,
# and in $D_n$ the products come in the wrong order.

# %% [markdown]
# ## Question 5. Orbits and stabilisers
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definitions below |
#
# A group acts on finitely many points. The table `moves` says how: `moves[g][x]` is the point $g x$. The *orbit* of
# $x$ is the set of all points $g x$. The *stabiliser* of $x$ is the set of all $g$ with $g x = x$. Every point lies
# in exactly one orbit, so the points fall apart into orbits.
#
# Predict before you write: $D_4$ acts on the 9 pixels of a $3 \times 3$ kernel. How many orbits are there, and how
# large are they? How many free numbers does a kernel have that looks the same under all of $D_4$?


# %% nbgrader={"grade": false, "grade_id": "orbit", "locked": false, "schema_version": 3, "solution": true, "task": false}
def orbit_facts(moves, x):
    """Sizes of an orbit and of a stabiliser, and the number of all orbits.

    Args:
        moves: Tuple with one row for each element of the group; moves[g][x] is the point
            g x. Row 0 belongs to the identity.
        x: A point, counted from 0.

    Returns:
        Three whole numbers: size of the orbit of x, size of the stabiliser of x, number
        of orbits into which all points fall.
    """
    ### BEGIN SOLUTION
    orbit = {row[x] for row in moves}
    stabiliser = [g for g, row in enumerate(moves) if row[x] == x]
    orbits = {frozenset(row[y] for row in moves) for y in range(len(moves[0]))}
    return len(orbit), len(stabiliser), len(orbits)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "orbit-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.orbit(orbit_facts)
### BEGIN HIDDEN TESTS
checks.orbit(orbit_facts, seed=20275).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Three orbits: the centre, the four corners, and the four pixels at the middle of the sides. So a kernel with all
# symmetries of the square has three free numbers, one for each orbit. The size of the orbit times the size of the
# stabiliser is 8 every time. There is a second theorem, which the check uses: the number of orbits is the mean
# number of points that an element leaves in their place.

# %% [markdown]
# ## Question 6. Find the bug: from the left or from the right
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the definition of an action |
#
# A *signal on a group* has one number $f(h)$ for each element $h$. The group acts on signals as on all functions,
# $(g f)(h) = f(g^{-1} h)$. Somebody wrote a layer that compares a signal with moved copies of a weight, and
# tested it on $C_4$ and $C_8$: it commutes with every element. Then a flip was added, and it fails.

# %% tags=["given"]
D4 = checks.d4_table()


def broken_correlation(table, f, w):
    """Correlation of the signal f with the weight w; entry g of the result belongs to g."""
    inverse = [row.index(0) for row in table]  # element 0 is the identity
    result = torch.zeros_like(f)
    for g in range(len(table)):
        for h in range(len(table)):
            result[g] += f[h] * w[table[h][inverse[g]]]
    return result


# %% [markdown]
# Why does the test pass on $C_4$? For which elements of $D_4$ does the layer fail? Try it: `D4` is the table.
#
# Then write the layer that commutes with every element of every group. Entry 0, which belongs to the identity,
# must be what it was: $\sum_h f(h)\, w(h)$.


# %% nbgrader={"grade": false, "grade_id": "correlation", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_correlation(table, f, w):
    """Correlation of a signal on a group with a weight.

    Args:
        table: Tuple of n rows; table[g][h] is the product gh, and element 0 is the identity.
        f: Signal with n numbers.
        w: Weight with n numbers.

    Returns:
        Signal with n numbers. If f moves by g, it moves by g as well.
    """
    ### BEGIN SOLUTION
    answer = f.new_zeros(len(table))
    for g, row in enumerate(table):
        back = row.index(0)
        for h in range(len(row)):
            answer[g] = answer[g] + f[h] * w[table[back][h]]
    return answer
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "correlation-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.correlation(group_correlation)
### BEGIN HIDDEN TESTS
checks.correlation(group_correlation, seed=20276).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The broken layer reads the weight at $h g^{-1}$: it moves the weight from the right, while the signal moves from
# the left. In a commutative group both are the same. In $D_4$ it commutes only with the identity and the half turn,
# the two elements that commute with all others. The weight must move as the signal does, $w(g^{-1} h)$. Substitute
# $h = k h'$ in the sum for $k f$: $\sum_h f(k^{-1} h)\, w(g^{-1} h) = \sum_{h'} f(h')\, w\bigl((k^{-1} g)^{-1} h'\bigr)$, which
# is entry $k^{-1} g$ of the old result.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
