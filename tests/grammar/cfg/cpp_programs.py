"""C++17 programs without headers, and texts that are none; g++ judges both in the tests."""

from __future__ import annotations

ACCEPTED = [
    # Classes
    """struct A { int a; A() : a(1) {} explicit A(int x) : a{x} {} A(const A&) = default; A(A&&) noexcept = default;
    virtual ~A() {} virtual int f() const = 0; A& operator=(const A&) = delete; };""",
    """class B; class C { public: int x; protected: static const int y = 3; private: mutable int z = 1; friend class B;
    friend int g(C&); friend B; };""",
    """struct P {}; struct Q {}; struct R : public P, private virtual Q { int v; R() : P(), v{2} {} };
    struct S final : R {}; class T : P, protected Q {};""",
    """struct V { virtual void f(); virtual void g() const; virtual void h(); };
    struct W : V { void f() override; void g() const final; virtual void h() override final {} };""",
    "union U { int i; float f; }; enum Color { RED, GREEN = 3, BLUE }; enum class Size : unsigned char { s, m, l, };",
    "enum F : int; enum class G; enum struct H : long { a = 1, b = a << 2 }; enum { x1 = 5 }; enum Color2 {} c;",
    """struct Bits { unsigned a : 3; unsigned : 2; int b : 1, c : 4; static constexpr int z = 1;
    inline static int q = 2;
    int arr[3] = {1, 2, 3}; int (*cb)(void*); using T = int; typedef int T2; enum { M, N }; struct In { int x; } in;
    template <class X> void f(X t) {} template <class X> struct O {}; static int sf() { return 1; } Bits* n = nullptr;
    static_assert(true); union { int u; float w; }; };""",
    """struct Op { Op operator+(const Op&) const; Op& operator++(); Op operator++(int); int operator[](int) const;
    int operator()(int, int); operator int() const; explicit operator bool() const { return true; } Op* operator->();
    bool operator==(const Op& o) const { return true; } Op& operator=(Op&&) = default;
    void* operator new(unsigned long);
    void operator delete[](void*); Op operator,(int); Op operator&&(int); friend int operator<<(int, const Op& x);
    Op operator~(); Op operator-() const; operator const char*() const; Op& operator<<=(int); Op operator*(); };""",
    """struct A { A(int); ~A(); int f() const; A& operator=(const A&); operator int(); static int n;
    struct B { B(); }; };
    A::A(int x) {} A::~A() {} int A::f() const { return 1; } A& A::operator=(const A&) { return *this; }
    A::operator int() { return 1; } int A::n = 3; A::B::B() {}""",
    "struct T { int a; T() try : a(1) {} catch (int) {} }; void f() try {} catch (...) {}",
    'unsigned long long operator""_x(unsigned long long v) { return v; } auto y = 12_x + 0x1F_x;',
    # Templates
    """template <typename T, int N = 3, class... Ts> struct X { T a[N]; }; template <> struct X<int, 2> {};
    template <class T> struct X<T*, 1> {}; template struct X<char>; extern template struct X<long>; X<int> xi;""",
    """template <template <class> class C, typename T = int> void f(C<T> c) {} template <class> struct E;
    template <int> int v;""",
    """template <typename... A> auto sum(A... a) { return (a + ... + 0); } template <typename... A> auto s2(A&&... a)
    { return (... && a); } template <class... A> auto s3(A... a) { return (a, ...); } int n = sum(1, 2);""",
    """template <class T> struct vec { T* p; typedef T value; template <class U> struct re { typedef vec<U> other; }; };
    vec<vec<vec<int>>> v; vec<vec<int> > w; template <class T = vec<int>> struct Q { vec<vec<T>>* p; };
    template <class T> using V2 = vec<vec<T>>; template <class T> constexpr bool big = sizeof(T) > 4;
    template <class T> typename T::value first(T t) { typename T::template re<int>::other x; return T().p[0]; }
    int z = sizeof(vec<vec<int>>) >> 2; vec<int> f(vec<vec<int>> a = vec<vec<int>>(), vec<vec<int>>* b = {});
    template <class A, class B = vec<vec<A>>> struct R; auto c = static_cast<vec<vec<int>>*>(nullptr);""",
    """template <class T> struct X { X(T); T get() const; template <class U> void put(U); }; template <class T>
    X<T>::X(T a) {} template <class T> T X<T>::get() const { return T{}; } template <class T> template <class U>
    void X<T>::put(U u) { this->template put<int>(1); } X(const char*) -> X<int>;""",
    """template <class... B> struct M : B... { using B::f...; M(B... b) : B(b)... {} };
    template <class... T> int size(T... t) { auto g = [t...] { return sizeof...(t); }; int a[] = {0, (t, 0)...};
    return sizeof...(T); }""",
    "template <bool B, class T = void> struct en {}; template <class T, typename = en<(sizeof(T) > 1)>> void f(T);",
    "template <class T> inline constexpr bool is = true; template <bool B, class T = int> struct en { using t = T; };"
    "template <bool B> using en_t = typename en<B>::t; template <class T, class = en_t<is<T> && !is<T*>>> void f(T);"
    "template <class T, en_t<!is<T>>* = nullptr> void g(T); bool b = en<is<int> || !is<long>>::t();",
    # Namespaces, aliases, other declarations
    """namespace a::b { int x; } namespace c { inline namespace d { int y; } namespace { int q; } } namespace e = a::b;
    using namespace c; using a::b::x; using I = int; typedef unsigned long long ull; typedef int (*fp)(int, char);
    typedef int arr[3]; ::I z = ::a::b::x;""",
    'extern "C" { int f(); } extern "C" int g(); extern int e; static_assert(sizeof(int) == 4, "four"); asm("nop");',
    """int f(int, char = 'a', const char* s = "x", ...); int g(void);
    static inline int h(int a[], int b[3][4], int (&r)[5]);
    auto tr(int x) -> int { return x; } [[nodiscard]] int at(); [[maybe_unused]] static int un = 0; void nx() noexcept;
    void ny() noexcept(true) {} void nz() throw(); constexpr int sq(int x) { return x * x; }""",
    """int fnp(int (*f)(int), void (&g)(), int (&&h)[3], char* const*, const int&, int&&, int = 3);
    int* (*ff3())(int); int (*(*f4)(int))[3]; void (*sig(int, void (*)(int)))(int);""",
    """alignas(16) int al; struct alignas(8) L { alignas(4) char c; }; struct [[deprecated("x")]] D {};
    enum E { a [[deprecated]] };""",
    """int a, *b = &a, **c = &b, &d = a, e[3] = {1, 2, 3}, f{4}, g(5), h[] = {}, m[2][3] = {{1, 2, 3}, {4, 5, 6}};
    char s[] = "abc"; struct P { int x, y; } p = {1, 2}, q{.x = 1, .y = 2}; int* const pc = 0; const int* const* pp;
    unsigned u; long long unsigned int ll; long double ld; signed char sc; char16_t c16; wchar_t w;
    thread_local int tl;""",
    """struct PM { int m; int f(int); }; int PM::*pm = &PM::m; int (PM::*pf)(int) = &PM::f; int use(PM& o, PM* p)
    { return o.*pm + p->*pm + (o.*pf)(1) + (p->*pf)(2); }""",
    # Literals, comments, the preprocessor
    """auto i = 0xFFu + 0777 + 0b1010 + 1'000'000ll + 1LL + 10ULL + 0;
    auto f = 1.5f + 1e10L + .5 + 2. + 0x1p3 + 1'0.2'5e-3;
    char c[] = {'\\0', '\\x41', '\\'', '\\n', '"', '\\\\'}; auto s = "a\\"b\\t\\u00e9" "c"; auto u = u8"d";
    auto l = L'e';
    const char* r = R"(a "quoted" ) text
)"; const char* r2 = R"x(a)" )x" R"delim(x)y")delim"; bool b = true || false; void* n = nullptr;""",
    "/* a / b * c ** */ int /* in */ x /**/ = // line \\\n continued\n1; // `end`\n",
    """#ifndef G_H
#define G_H
#include <stddef.h>
#define MAX(a, b) ((a) > (b) ? \\
  (a) : (b))
#define EMPTY
#pragma once
#undef EMPTY
int x;
#if defined(A) && A > 1
int y;
#elif B
int z;
#else
int w = MAX(1, 2);
#endif
struct S {
#ifdef A
  int a;
#endif
  int b; };
int f() {
#if 0
  return 1;
#endif
  return 2; }
#endif // G_H
""",
    # Statements
    """int g(); int f(int n) { if (n) return 1; else if (n > 2) { } else ; while (n--) { continue; }
    do { break; } while (n);
    for (;;) {} for (int i = 0, j = 1; i < j; ++i, j--) ; for (n = 0; n < 3; n++) {} while (int y = g()) {}
    switch (n) { case 1: case 'a': n = 2; break; case 3: { } default: ; } switch (n) {} switch (n) case 1: return 2;
    if (int x = g(); x > 0) {} if constexpr (sizeof(int) == 4) {} switch (int z = g(); z) { } again: if (n) goto again;
    { } ;; goto end; end: return -1; }""",
    """struct P { int a, b; }; int f(P p) { auto [a, b] = p; auto& [c, d] = p; const auto& [e, g](p); auto [x, y]{p};
    P v[2]; for (auto& [k, w] : v) {} for (const auto& q : v) ; int z[3]; for (int y : z) {} return a + b; }""",
    """void* operator new(unsigned long, int*); void f() { try { throw 1; } catch (const int& e) { throw; }
    catch (int) {} catch (...) { } int* p = new int;
    int* q = new int[3]{1, 2}; auto r = new (p) long(2); auto u = new int*[4]; auto w = new (int); auto z = ::new int();
    delete p; delete[] q; ::delete r; bool t = noexcept(f()); t ? throw 1 : 0; }""",
    """void f() { int a; const int b = 1; static int c; auto d = 1; struct L { int x; } l; enum { A1, B1 } e;
    int (*fp)(int) = nullptr; int g(int); using T = int; typedef int T2; decltype(a) z = 1; decltype(auto) y = (a);
    constexpr int k = 3; volatile int vv; static_assert(k == 3, ""); }""",
    # Expressions
    """int g(int = 0, int = 0); void f(int a, int* p, bool b) { a = g() + -a - -a * +a / 3 % 4 ^ ~a & a | a << 2 >> 1;
    a += a -= 1; a <<= 2; a >>= 1; b = a < 1 && a > 2 || !b and not b or b xor b; a = b ? a : b ? 1 : 2; a++, --a;
    a = (b, a); *p++ = 3; ++*p; p[1] = g(1, 2); b = a<1>0; a = a bitand 3 bitor compl a; a and_eq 1; b = a not_eq 2;
    b ? a = 1 : a = 2; (void)a; a = sizeof a + sizeof(int*) + alignof(double); a+ +a; a- -a; a = (1 > 0); }""",
    """struct D { int x; D* n; int f(); ~D(); }; void f(D* p, D d, double y) { int a = (int)y;
    auto b = static_cast<unsigned
    long long>(y); auto e = reinterpret_cast<long*>(p); const_cast<D&>(d) = d; auto g = int(3.5); auto h = unsigned(1);
    auto i = double{1}; auto j = (const char*)"x"; auto k = D{1, nullptr}.x; p->n->n->f(); d.n[1].f(); d.D::f();
    p->~D(); "abc"[1]; D* q = &d, *&r = q; (*p).x = 1; auto s = D().x; auto t = (D*)0; }""",
    """int x; void f() { int q = 0; auto a = [] {}; auto b = [&](int x) { return x; };
    auto c = [=]() mutable -> int { return 1; };
    auto d = [q, &a, r = q + 1](auto x) noexcept { return q; }; auto e = [&, q] { }; auto g = [=, &q] { };
    [](int x) -> int { return x; }(3); auto h = [&r = q] { r = 1; };
    auto i = [](int a, int b = 2) constexpr { return a; };
    struct L { int m; auto f() { return [this] { return m; }; } auto g() { return [*this, q = 1] { return m; };
    } }; }""",
    "int main(int argc, char** argv) { int final = 1, override = 2; return final + override; }",
    "struct R { int a, b; }; R f() { return {1, 2}; } int g(R r = {}, int n = {}) { return f().a, g({1, 2}, {3}); }",
]

REFUSED = [
    # Lexemes
    "int a; // b\rint c d;",
    'const char* a = "b\rc";',
    "#define A b\rint c d;",
    "int f(int i) { i + + ; }",
    "int f() { return std : : max(1); }",
    "int f(int a, int b) { return a & & b; }",
    "int f(int a) { return a = = 1; }",
    "int f(int a) { return a - > b; }",
    "int x = 08;",
    "int x = 0b12;",
    "int x = 0x;",
    "int x = 1''0;",
    "int 1x;",
    "char c = '';",
    "char c = 'a;",
    'const char* s = "abc;',
    'const char* s = "a\nb";',
    "/* never closed",
    "int x = @;",
    "int x; #define A",
    "#foo",
    "#include stdio.h",
    "#if 1\nint x;",
    "int x;\n#endif",
    "#if 1\n#else\n#else\n#endif",
    # Declarations
    "int x = 3",
    "int x y;",
    "int x = ;",
    "int class = 3;",
    "int new = 3;",
    "int;;x",
    "x;",
    "f() { }",
    "int f( { }",
    "int f(int x int y) { }",
    "int f(int x,) { }",
    "int f() => 1;",
    "int f() { } }",
    "int f() { {",
    "int operator(int);",
    "int int x;",
    "typedef ;",
    "using namespace ;",
    "using x;",
    "namespace { int x;",
    "namespace a:b { }",
    "template typename T> void f(T);",
    "template <typename T void f(T);",
    "template <class T> struct A { T t; }; A<A<A<int>> a;",
    "template <class T> constexpr bool A = true; int z = static_cast<!A<int>>(1);",
    "template <class T = 3> struct B {};",
    "template <class T> ;",
    "template <class T> namespace n {}",
    "struct S { template <class T> public: void f(T); };",
    "void f(static int a);",
    "void f(int extern, int b);",
    "template <class T> constexpr bool A = true; template <class T = !A<int>> struct B {};",
    "template <class T> struct A { T t; }; A<int>> a;",
    "struct S { int a }",
    "struct S { int a; }",
    "struct S { public int a; };",
    "struct S : { };",
    "struct S { S() : { } };",
    "struct S { S() : a(1), { } int a; };",
    "class { int a; }",
    "enum { A B };",
    "enum { A,, B };",
    "enum E { A = };",
    "int a[3;",
    "int a[] = {1, 2;",
    "int a = {1, , 2};",
    "[[nodiscard] int f();",
    "static_assert(1, 2);",
    # Statements
    "int f() { return 1 }",
    "int f(int x) { if x { } }",
    "int f() { if () { } }",
    "int f() { while () { } }",
    "int f() { else { } }",
    "int f() { switch { } }",
    "int f() { for (int i = 0; i < 3) { } }",
    "int f() { for (int i = 0, i < 3, i++) { } }",
    "int f() { for (int i : ) { } }",
    "int f() { do { } while (1) }",
    "int f() { do { } }",
    "int f() { goto ; }",
    "int f() { try { } }",
    "int f() { catch (...) { } }",
    "int f() { case 1 }",
    "int f(int x) { switch (x) { case : ; } }",
    "int f(int x) { switch (x) { case 1: } }",
    "int f() { int g() { } }",
    "int f() { template <class T> void g(T); }",
    "int f() { break }",
    # Expressions
    "int f() { 2 = 1; }",
    "int f(int x) { x = (1 + 2; }",
    "int f(int x) { x = 1 + 2); }",
    "int f(int x, int y) { x + y z; }",
    "int f(int x) { x[] = 3; }",
    "int f(int x) { x = x ? 1; }",
    "int f(int x) { x += ; }",
    "int f(int x) { x = x +* ; }",
    "int f(int x) { !; }",
    "int f(int x) { x.; }",
    "int f(int x) { x->1; }",
    "int f(int x) { f(1,); }",
    "int f(int x) { f(,1); }",
    "int f(int x) { f(1 2); }",
    "int f(int x) { new ; }",
    "int f(int x) { delete ; }",
    "int f(int x) { sizeof ; }",
    "int f(int x) { static_cast<int> x; }",
    "int f(int x) { static_cast<int>(); }",
    "int f(int x) { throw throw; throw 1 2; }",
    "int f(int x) { auto l = [ { }; }",
    "int f(int x) { auto l = [&=] { }; }",
    "int f(int x) { auto l = [](int y) -> { return 1; }; }",
    "int f(int x) { auto l = [] mutable; }",
]
